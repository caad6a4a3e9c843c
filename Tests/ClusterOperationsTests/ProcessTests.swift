import ClusterOperations
import Foundation
import TestSupport
import Testing

struct ProcessTests {
    private static func shell(_ script: String, environment: [String: String] = [:]) -> ProcessCommand {
        ProcessCommand("/bin/sh", ["-c", script], environment: environment)
    }

    @Test func outputComesLineByLineAndTheEndIsTold() async throws {
        let lines = LineCollector()
        let command = Self.shell(
            "echo one; echo two >&2; printf '%s' \"$WORD\"; exit 7", environment: ["WORD": "three"])
        let exit = try await ChildProcess.start(command, onLine: lines.append).exit()
        #expect(exit == .exited(7))
        #expect(lines.all == ["one", "two", "three"])
    }

    @Test func aSignalIsTheEndItIs() async throws {
        let child = try await ChildProcess.start(Self.shell("exec sleep 60")) { _ in }
        child.send(SIGTERM)
        #expect(await child.exit() == .killed(signal: SIGTERM))
        child.send(SIGTERM)
        #expect(child.hasEnded)
    }

    @Test func signalsIgnoredHereAreNotIgnoredThere() async throws {
        signal(SIGPIPE, SIG_IGN)
        let lines = LineCollector()
        let command = Self.shell("grep SigIgn /proc/self/status")
        _ = try await ChildProcess.start(command, onLine: lines.append).exit()
        let mask = lines.all.first?.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) }
        // The C library keeps 32 and 33 for itself.
        #expect(try #require(mask) & 0x7FFF_FFFF == 0, "\(lines.text)")
    }

    /// A child that held another's pipe would keep its end from being seen.
    @Test func theEndOfOneIsSeenWhileAnotherLives() async throws {
        let first = try await ChildProcess.start(Self.shell("exec sleep 60")) { _ in }
        let second = try await ChildProcess.start(Self.shell("exec sleep 60")) { _ in }
        first.send(SIGKILL)
        #expect(await first.exit() == .killed(signal: SIGKILL))
        #expect(!second.hasEnded)
        second.send(SIGKILL)
        _ = await second.exit()
    }

    @Test func whatCannotRunSaysSo() async throws {
        let lines = LineCollector()
        let exit = try await ChildProcess.start(ProcessCommand("/nowhere/at/all"), onLine: lines.append).exit()
        #expect(!exit.isSuccess)
        #expect(lines.text.contains("/nowhere/at/all"))
    }

    @Test func aProcessThatEndsIsStartedAgainUntilItIsStopped() async throws {
        let ends = LineCollector()
        let process = SupervisedProcess(
            label: "test", output: OutputLines(isColoured: false), logger: .silent,
            makeLaunch: { SupervisedProcess.Launch(name: "run", command: Self.shell("sleep 0.05; exit 3")) },
            onEnd: { ends.append($0) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await process.run() }
            try await eventually("it was started three times") { await process.restarts >= 2 }
            #expect(await process.lastExit == .exited(3))
            await process.stop(within: .seconds(5))
            try await group.waitForAll()
        }
        #expect(ends.all.count >= 2)
    }

    @Test func aProcessThatIgnoresItsEndIsKilled() async throws {
        let process = SupervisedProcess(
            label: "test", output: OutputLines(isColoured: false), logger: .silent,
            makeLaunch: {
                SupervisedProcess.Launch(
                    name: "run", command: Self.shell("trap '' TERM; while :; do sleep 0.1; done"))
            })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await process.run() }
            try await eventually("it runs") { await process.current != nil }
            try await Task.sleep(for: .milliseconds(200))
            #expect(await process.stop(within: .milliseconds(300)) == .killed(signal: SIGKILL))
            try await group.waitForAll()
        }
    }
}
