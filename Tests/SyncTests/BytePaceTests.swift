import Sync
import Testing

@Suite struct BytePaceTests {
    @Test func afterAPauseABurstGoesAtOnceAndTheRestAtThePace() {
        let pace = BytePace(bytesPerSecond: BytePace.burstBytes)
        let now = ContinuousClock.now
        let half = BytePace.burstBytes / 2
        #expect(pace.delay(of: half, at: now) == .zero)
        #expect(pace.delay(of: half, at: now) == .zero)
        #expect(pace.delay(of: half, at: now) == .zero, "it is the burst's end that is waited for")
        #expect(pace.delay(of: half, at: now) == .milliseconds(500))
        #expect(pace.delay(of: half, at: now) == .seconds(1))
        #expect(pace.delay(of: half, at: now + .seconds(1)) == .milliseconds(500))
        #expect(pace.delay(of: half, at: now + .seconds(60)) == .zero)
    }

    @Test func aLargeAnswerIsSentAtOnceAndMakesTheNextWait() {
        let pace = BytePace(bytesPerSecond: BytePace.burstBytes)
        let now = ContinuousClock.now
        #expect(pace.delay(of: BytePace.burstBytes * 10, at: now) == .zero)
        #expect(pace.delay(of: 1, at: now) == .seconds(9))
    }
}
