import CanonicalJSON
import Events
import Identifiers
import Testing

/// How long events stick: from when they came, or from when they say, whichever is earlier.
@Suite struct StickinessTests {
    /// Sent at 1,000.
    private func event(_ duration: Int64) throws -> Event {
        try EventTests.event { $0["msc4354_sticky"] = ["duration_ms": .int(duration)] }
    }

    private func at(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

    @Test func theEndIsCountedFromTheEarlierOfSendingAndArrival() throws {
        let event = try event(500)
        #expect(event.stickyEnd(arrival: at(5_000)) == at(1_500))
        #expect(event.stickyEnd(arrival: at(700)) == at(1_200))
        #expect(try EventTests.event().stickyEnd(arrival: at(700)) == nil)
    }

    @Test func whatIsLeftIsNeverMoreThanTheWholeNorLessThanNothing() throws {
        let event = try event(500)
        #expect(event.stickyMillisecondsLeft(at: at(1_100)) == 400)
        #expect(event.stickyMillisecondsLeft(at: at(0)) == 500)
        #expect(event.stickyMillisecondsLeft(at: at(9_000)) == 0)
        #expect(try EventTests.event().stickyMillisecondsLeft(at: at(0)) == nil)
    }

    @Test func theLongestIsAnHour() throws {
        #expect(try event(3_600_000).stickyDuration == Stickiness.durationMax)
        #expect(try event(3_600_001).stickyDuration == nil)
    }
}
