import Identifiers
import Leases
import TestSupport
import Testing

@Suite struct ShardTenureTests {
    private typealias Tenure = ShardTenure<ManualClock.Instant>

    private func at(_ seconds: Double) -> ManualClock.Instant { .init(offset: .seconds(seconds)) }

    private func serving(_ shards: ShardID..., since seconds: Double) -> Tenure {
        var tenure = Tenure(believeMax: .seconds(4))
        for shard in shards {
            tenure.took(shard, began: at(seconds), now: at(seconds))
            tenure.told(shard)
        }
        return tenure
    }

    private let one = ShardID(1)
    private let two = ShardID(2)

    @Test func aRenewalSentBeforeAClaimDoesNotTakeTheShardAway() {
        var tenure = serving(one, since: 0)
        tenure.took(two, began: at(1), now: at(1.2))
        tenure.told(two)
        let before = tenure.renewed([one], sent: at(1.1))
        #expect(before == [])
        let after = tenure.renewed([one], sent: at(1.3))
        #expect(after == [two])
        #expect(tenure.owned == [one])
    }

    @Test func aLeaseIsBelievedFromTheStartOfTheStatementThatProlongedIt() {
        var tenure = serving(one, two, since: 0)
        let renewed = tenure.renewed([one, two], sent: at(1))
        #expect(renewed == [])
        let atLimit = tenure.noLongerBelieved(at: at(5))
        #expect(atLimit == [])
        let past = tenure.noLongerBelieved(at: at(5.1))
        #expect(past == [one, two])
        let later = tenure.noLongerBelieved(at: at(9))
        #expect(later == [], "each loss is told once")
    }

    @Test func aShardIsNotClaimedBeforeItsEndHasBeenHeard() {
        var tenure = serving(one, since: 0)
        let first = tenure.giveUp(one)
        #expect(first)
        let again = tenure.giveUp(one)
        #expect(!again)
        #expect(!tenure.mayClaim(one))
        #expect(!tenure.isEmpty)
        tenure.ended(one)
        #expect(tenure.mayClaim(one))
        #expect(tenure.isEmpty)
    }

    @Test func aLossWaitsUntilTheGainHasBeenHeard() {
        var tenure = Tenure(believeMax: .seconds(4))
        tenure.took(one, began: at(0), now: at(0))
        let byRenewal = tenure.renewed([], sent: at(1))
        #expect(byRenewal == [])
        let byBelief = tenure.noLongerBelieved(at: at(10))
        #expect(byBelief == [])
        tenure.told(one)
        let atNextRenewal = tenure.renewed([], sent: at(2))
        #expect(atNextRenewal == [one])
    }
}
