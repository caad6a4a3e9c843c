import Identifiers
import Leases
import TestSupport
import Testing

@Suite struct ShardLeasePlanTests {
    private let alpha = WorkerID("alpha")
    private let beta = WorkerID("beta")
    private let gamma = WorkerID("gamma")

    private func lease(
        _ number: Int16, _ owner: WorkerID?, epoch: Int64 = 1, isExpired: Bool = false, isConnected: Bool = true
    ) -> ShardLeasePlan.Lease {
        ShardLeasePlan.Lease(
            shard: ShardID(number), owner: owner, epoch: Epoch(epoch), isExpired: isExpired,
            isOwnerConnected: owner != nil && isConnected)
    }

    private func plan(
        _ leases: [ShardLeasePlan.Lease], _ writers: [WorkerID], me: WorkerID, isInGrace: Bool = false,
        isDraining: Bool = false
    ) -> ShardLeasePlan {
        ShardLeasePlan(
            of: .init(leases: leases, readyWriters: writers, isInGrace: isInGrace), me: me,
            owned: Set(leases.filter { $0.owner == me }.map(\.shard)), isDraining: isDraining)
    }

    @Test func aFreeShardIsClaimedUpToTheShare() {
        let leases = (0..<4).map { lease($0, nil) }
        #expect(plan(leases, [alpha, beta], me: alpha).claims.map(\.shard.number) == [0, 1])
        #expect(plan(leases, [alpha, beta], me: beta).claims.map(\.shard.number) == [2, 3])
        #expect(plan(leases, [], me: alpha).claims.count == 4, "who is not yet listed counts itself")
    }

    @Test func claimsInOneTickAreBounded() {
        let leases = (0..<64).map { lease($0, nil) }
        #expect(plan(leases, [alpha], me: alpha).claims.count == ShardLeasePlan.claimsMax)
    }

    @Test func aShardIsTakenFromAnExpiredOrDisconnectedOwnerOnly() {
        let leases = [
            lease(0, beta), lease(1, beta, isExpired: true), lease(2, beta, isConnected: false), lease(3, nil),
        ]
        let plan = plan(leases, [alpha], me: alpha)
        #expect(Set(plan.claims.map(\.shard.number)) == [1, 2, 3])
        #expect(plan.claims.filter { $0.predecessor == beta }.count == 2, "its sessions have to be ended")
    }

    @Test func graceKeepsOwnersButNotWhatNobodyOwns() {
        let leases = [lease(0, beta, isExpired: true, isConnected: false), lease(1, nil), lease(2, alpha)]
        let plan = plan(leases, [alpha], me: alpha, isInGrace: true)
        #expect(plan.claims.map(\.shard.number) == [1])
        #expect(plan.handOvers.isEmpty)
    }

    @Test func whatIsOursByTheTableButNotServedIsClaimedWithoutAnEnd() {
        let leases = [lease(0, alpha, epoch: 7), lease(1, alpha)]
        let plan = ShardLeasePlan(
            of: .init(leases: leases, readyWriters: [alpha, beta], isInGrace: true), me: alpha, owned: [ShardID(1)],
            isDraining: false)
        #expect(plan.claims.map(\.shard.number) == [0])
        #expect(plan.claims.first?.seenEpoch == Epoch(7))
        #expect(plan.claims.first?.predecessor == nil)
    }

    @Test func aDifferenceOfOneIsLeftAlone() {
        let leases = [lease(0, alpha), lease(1, alpha), lease(2, beta)]
        #expect(plan(leases, [alpha, beta], me: alpha).handOvers.isEmpty)
        #expect(plan(leases + [lease(3, alpha)], [alpha, beta], me: alpha).handOvers.count == 1)
    }

    @Test func nothingIsBalancedWhileSomethingIsFree() {
        let leases = (0..<8).map { lease($0, alpha) } + [lease(8, nil)]
        #expect(plan(leases, [alpha, beta], me: alpha).handOvers.isEmpty)
    }

    @Test func manyOwnersTogetherGiveANewcomerItsShareAndNoMore() {
        let writers = (0..<16).map { WorkerID("writer-\($0)") }
        let newcomer = WorkerID("newcomer")
        let leases = (0..<64).map { lease(Int16($0), writers[$0 / 4]) }
        let given = writers.map { plan(leases, writers + [newcomer], me: $0).handOvers }
        #expect(given.allSatisfy { $0.allSatisfy { $0.successor == newcomer } })
        #expect(given.reduce(0) { $0 + $1.count } == 3, "64 shards over 17 writers are at least 3 each")
    }

    @Test func drainingGivesToWhoeverHasLeastAndToNobodyWhenAlone() {
        let leases = [lease(0, alpha), lease(1, alpha), lease(2, beta)]
        let plan = plan(leases, [alpha, beta, gamma], me: alpha, isDraining: true)
        #expect(plan.claims.isEmpty)
        #expect(plan.handOvers.map(\.successor) == [gamma, beta])
        let alone = self.plan(leases, [alpha], me: alpha, isDraining: true)
        #expect(alone.handOvers.map(\.successor) == [nil, nil])
    }

    @Test func whatIsGivenToUsWhileDrainingIsPassedOn() {
        let plan = ShardLeasePlan(
            of: .init(leases: [lease(0, alpha)], readyWriters: [beta], isInGrace: false), me: alpha, owned: [],
            isDraining: true)
        #expect(plan.handOvers == [.init(shard: ShardID(0), successor: beta)])
    }

    private func voting(
        me: WorkerID, _ leases: [ShardLeasePlan.Lease], _ writers: [WorkerID], unreachable: WorkerID? = nil,
        votedOut: WorkerID? = nil
    ) -> ShardLeasePlan {
        ShardLeasePlan(
            of: .init(
                leases: leases, readyWriters: writers, isInGrace: false, unreachable: unreachable, votedOut: votedOut),
            me: me, owned: Set(leases.filter { $0.owner == me }.map(\.shard)), isDraining: false)
    }

    @Test func anUnreachableWriterIsVotedOutByTheOthersOnceAtATime() {
        let leases = [lease(0, alpha), lease(1, beta)]
        #expect(voting(me: alpha, leases, [alpha, beta], unreachable: beta).voteOut == beta)
        #expect(voting(me: beta, leases, [alpha, beta], unreachable: beta).voteOut == nil, "nobody votes for itself")
        #expect(voting(me: alpha, leases, [beta], unreachable: beta).voteOut == nil, "who is not ready has no say")
        #expect(voting(me: alpha, leases, [alpha, beta], unreachable: beta, votedOut: gamma).voteOut == nil)
    }

    @Test func whoIsVotedOutGivesEverythingUpAndTheOthersTakeIt() {
        let leases = [lease(0, alpha), lease(1, beta), lease(2, beta)]
        #expect(voting(me: alpha, leases, [alpha, beta], votedOut: beta).claims.map(\.shard.number) == [1, 2])
        let out = voting(me: beta, leases, [alpha, beta], votedOut: beta)
        #expect(out.claims.isEmpty)
        #expect(out.handOvers.map(\.successor) == [alpha, alpha])
        let newcomer = voting(me: beta, [lease(0, alpha), lease(1, nil)], [alpha, beta], votedOut: beta)
        #expect(newcomer.claims.isEmpty && newcomer.handOvers.isEmpty)
    }

    @Test func theOnlyWriterStaysWhateverIsSaid() {
        let plan = voting(me: alpha, [lease(0, alpha), lease(1, nil)], [alpha], unreachable: alpha, votedOut: alpha)
        #expect(plan.claims.map(\.shard.number) == [1])
        #expect(plan.handOvers.isEmpty && plan.voteOut == nil)
    }

    @Test func thePlanDoesNotDependOnTheOrderOfRowsOrWriters() {
        var random = SeededRandom(seed: 7)
        for _ in 0..<200 {
            let writers = (0..<Int.random(in: 1...5, using: &random)).map { WorkerID("w\($0)") }
            let leases = (0..<12).map { number in
                lease(
                    Int16(number), Bool.random(using: &random) ? writers.randomElement(using: &random) : nil,
                    isExpired: Bool.random(using: &random), isConnected: Bool.random(using: &random))
            }
            let isDraining = Bool.random(using: &random)
            let first = plan(leases, writers, me: writers[0], isDraining: isDraining)
            let again = plan(leases, writers.shuffled(using: &random), me: writers[0], isDraining: isDraining)
            #expect(first == again)
            #expect(Set(first.claims.map(\.shard)).count == first.claims.count)
            #expect(first.handOvers.count <= ShardLeasePlan.handOversMax)
        }
    }
}
