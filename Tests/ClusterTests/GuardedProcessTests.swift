import ClusterHarness
import Foundation
import Testing

@Suite struct GuardedProcessTests {
    /// The second process outlives its parent, as a worker would whose supervisor was killed.
    @Test func whatIsStartedUnderTheGuardEndsWithIt() async throws {
        let log = NSTemporaryDirectory() + "apus-guard-\(UInt64.random(in: 0 ... .max))"
        defer { unlink(log) }
        let process = try GuardedProcess(
            command: ["/bin/sh", "-c", "sleep 300 & echo child=$!; exec sleep 300"],
            environment: ProcessInfo.processInfo.environment, logPath: log)
        try await wait(for: "the child's number", within: .seconds(5)) { try Self.child(in: log) != nil }
        let child = try #require(try Self.child(in: log))
        #expect(process.isRunning && kill(child, 0) == 0)

        try await process.end()
        #expect(!process.isRunning)
        try await wait(for: "the child to end", within: .seconds(5)) { Self.isGone(child) }
    }

    private static func child(in log: String) throws -> pid_t? {
        let line = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").first
        return line.flatMap { pid_t($0.dropFirst("child=".count)) }
    }

    /// Ended, whether or not anybody has collected its end.
    private static func isGone(_ pid: pid_t) -> Bool {
        guard kill(pid, 0) == 0 else { return true }
        // It may end between the two looks.
        let status = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ") Z"
        return status.contains(") Z")
    }
}
