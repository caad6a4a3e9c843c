import Foundation
import Glibc

// A cluster is a tree of processes, and a test that is killed has no chance to end it. So a small shell stands between:
// it holds the read end of a pipe whose write end dies with the test, then ends the command, and after a while
// everything that carries the mark of this run in its environment, whoever its parent is by then.

/// A command that ends with the process that started it, children included.
package final class GuardedProcess: Sendable {
    /// The environment variable that marks everything started under the guard; workers do not inherit `APUS_` ones.
    package static let markName = "HARNESS_RUN"
    /// How long the command may take to end when told, in tenths of a second.
    static let endTenthsMax = 300

    private static let script = """
        exec 3<&0
        "$@" </dev/null 3<&- &
        child=$!
        (
            cat <&3 >/dev/null
            kill -TERM $child 2>/dev/null
            tenths=0
            while kill -0 $child 2>/dev/null && [ $tenths -lt \(endTenthsMax) ]; do
                sleep 0.1
                tenths=$((tenths + 1))
            done
            kill -KILL $child 2>/dev/null
        ) 3<&3 &
        guard=$!
        exec 3<&-
        wait $child
        status=$?
        # What outlived the command, but for this shell and the guard, which carry the mark, too.
        for file in $(grep -lsF "\(markName)=$\(markName)" /proc/[0-9]*/environ); do
            process=${file#/proc/}
            process=${process%/environ}
            [ "$process" = $$ ] || [ "$process" = "$guard" ] || kill -KILL "$process" 2>/dev/null
        done
        kill -KILL $guard 2>/dev/null
        exit $status
        """

    private let process: Process
    /// The pipe's write end, closed on exec: a child that had it, too, would keep the cluster alive.
    private let lifeline: FileHandle
    package let logPath: String

    /// Starts `command`; its output goes to the file `logPath`.
    package init(command: [String], environment: [String: String], logPath: String) throws {
        self.logPath = logPath
        process = Process()
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw ClusterFailure.notReady("no pipe: errno \(errno)", log: "") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let input = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
        lifeline = FileHandle(fileDescriptor: ends[1], closeOnDealloc: true)
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", Self.script, "guard"] + command
        process.environment = environment.merging(
            [Self.markName: "\(getpid())-\(UInt64.random(in: 0 ... .max))"], uniquingKeysWith: { $1 })
        try Data().write(to: URL(fileURLWithPath: logPath))
        let log = try FileHandle(forWritingTo: URL(fileURLWithPath: logPath))
        process.standardInput = input
        process.standardOutput = log
        process.standardError = log
        try withUnblockedSignals { try process.run() }
        try input.close()
        try log.close()
    }

    package var isRunning: Bool { process.isRunning }

    /// Tells the command to end and waits until it and its children have.
    package func end() async throws {
        try lifeline.close()
        try await wait(for: "the cluster to end", within: .milliseconds(Self.endTenthsMax * 100 + 10_000)) {
            !process.isRunning
        }
    }

    /// The end of what the command printed.
    func logTail(bytes: Int) -> String {
        // Shown beside another failure; a log that cannot be read must not hide that one.
        let text = (try? Data(contentsOf: URL(fileURLWithPath: logPath))) ?? Data()
        return String(decoding: text.suffix(bytes), as: UTF8.self)
    }
}
