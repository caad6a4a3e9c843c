import Push
import Testing

@Suite struct PushPlacesTests {
    private let many = 0..<Int64(1_000)

    /// How many of `many` get a place.
    private func fill(
        _ places: inout PushPlaces, isFailing: Bool, of gateway: (Int64) -> String
    ) -> Int {
        many.count { places.take($0, of: gateway($0), isFailing: isFailing) }
    }

    @Test func aGatewayHasAShareOfThePlaces() {
        var places = PushPlaces()
        let taken = fill(&places, isFailing: false) { _ in "https://a" }
        #expect(taken == PushPlaces.perGatewayMax)
        let other = places.take(2_000, of: "https://b", isFailing: false)
        #expect(other)
        places.giveBack(0)
        let next = places.take(2_001, of: "https://a", isFailing: false)
        let again = places.take(2_001, of: "https://a", isFailing: false)
        #expect(next && !again)
    }

    @Test func thoseThatFailHaveFewOfTheirOwn() {
        var places = PushPlaces()
        let ofOne = fill(&places, isFailing: true) { _ in "https://a" }
        #expect(ofOne == PushPlaces.failingPerGatewayMax)
        let ofAll = fill(&places, isFailing: true) { "https://\($0)" }
        #expect(ofOne + ofAll == PushPlaces.failingMax)
        let healthy = places.take(2_000, of: "https://other", isFailing: false)
        #expect(healthy)
        for pusher in many { places.giveBack(pusher) }
        #expect(places.taken == [2_000])
    }

    @Test func thereAreOnlySoManyPlaces() {
        var places = PushPlaces()
        let taken = fill(&places, isFailing: false) { "https://\($0)" }
        #expect(taken == PushPlaces.healthyMax)
        let failing = places.take(2_000, of: "https://other", isFailing: true)
        #expect(failing)
    }
}
