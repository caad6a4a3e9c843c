import ClusterOperations
import Testing

struct RestartPolicyTests {
    @Test func theFirstRestartIsAtOnceAndLaterOnesWaitLonger() {
        var policy = RestartPolicy()
        let pauses = (0..<5).map { _ in policy.pause(afterRunOf: .seconds(1)) }
        #expect(
            pauses == [.zero, .milliseconds(200), .milliseconds(400), .milliseconds(800), .milliseconds(1_600)])
    }

    @Test func theWaitHasABound() {
        var policy = RestartPolicy()
        for _ in 0..<100 { #expect(policy.pause(afterRunOf: .zero) <= RestartPolicy.pauseMax) }
        #expect(policy.pause(afterRunOf: .zero) == RestartPolicy.pauseMax)
    }

    @Test func aGoodRunForgetsWhatWasBefore() {
        var policy = RestartPolicy()
        for _ in 0..<5 { _ = policy.pause(afterRunOf: .zero) }
        #expect(policy.pause(afterRunOf: RestartPolicy.goodRun) == .zero)
        #expect(policy.pause(afterRunOf: .zero) == RestartPolicy.pauseFirst)
    }
}
