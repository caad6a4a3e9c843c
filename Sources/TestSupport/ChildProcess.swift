import Foundation
import Glibc
import Synchronization

/// A process a test starts, speaks to by lines, freezes and ends.
///
/// Not Foundation's `Process`: that one passes on a descriptor whose end it waits for, so a command that leaves a daemon
/// behind, as `pg_ctl start` does, never ends. Here a child gets its three standard descriptors and nothing else.
public final class ChildProcess: Sendable {
    public struct CannotStart: Error { public let code: Int32 }

    private struct State {
        var lines: [String] = []
        var status: Int32?
    }

    public let pid: Int32
    private let input: Int32
    private let state = Mutex(State())

    private init(pid: Int32, input: Int32) {
        self.pid = pid
        self.input = input
    }

    /// Starts a program; what it writes, errors included, is read line by line.
    public static func start(_ path: String, _ arguments: [String]) throws -> ChildProcess {
        var (input, output) = ([Int32](repeating: -1, count: 2), [Int32](repeating: -1, count: 2))
        guard pipe(&input) == 0, pipe(&output) == 0 else { throw CannotStart(code: errno) }
        let pid: pid_t
        do {
            defer {
                close(input[0])
                close(output[1])
            }
            pid = try spawn(path, arguments, input: input[0], output: output[1])
        }
        let child = ChildProcess(pid: pid, input: input[1])
        let source = output[0]
        let reader = Thread { child.read(from: source) }
        reader.name = "child-output"
        reader.start()
        let waiter = Thread { child.waitForEnd() }
        waiter.name = "child-end"
        waiter.start()
        return child
    }

    /// What it has written so far.
    public var lines: [String] { state.withLock { $0.lines } }

    /// Its exit status, 128 and the signal when it was ended by one; `nil` while it runs.
    public var status: Int32? { state.withLock { $0.status } }

    /// Writes a line to its input.
    public func send(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        // A child that has ended takes nothing, which its status tells.
        _ = write(input, bytes, bytes.count)
    }

    /// Sends a signal, as SIGSTOP to freeze it; nothing happens once it has ended.
    public func signal(_ number: Int32) {
        state.withLock { if $0.status == nil { kill(pid, number) } }
    }

    /// Waits for a line that begins with `prefix`, among all it has written.
    public func line(beginning prefix: String, within limit: Duration = .seconds(10)) async throws -> String? {
        var found: String?
        _ = try await comesTrue(within: limit) {
            found = lines.first { $0.hasPrefix(prefix) }
            return found != nil || status != nil
        }
        return found
    }

    /// Waits for its end; `nil` when it goes on.
    public func end(within limit: Duration) async throws -> Int32? {
        _ = try await comesTrue(within: limit) { status != nil }
        return status
    }

    // MARK: System calls

    private static func spawn(_ path: String, _ arguments: [String], input: Int32, output: Int32) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
        // Closing one that is not open is no error.
        for descriptor in 3...(try openDescriptors().max() ?? 3) + descriptorsMargin {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, path, &actions, nil, &words, environ)
        guard code == 0 else { throw CannotStart(code: code) }
        return pid
    }

    /// How many descriptors other threads may have opened since they were listed.
    private static let descriptorsMargin: Int32 = 64

    private static func openDescriptors() throws -> [Int32] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { Int32($0) }
    }

    private func read(from source: Int32) {
        var pending: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = Glibc.read(source, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            pending += buffer[..<count]
            while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: pending[..<end], as: UTF8.self)
                pending.removeFirst(end + 1)
                state.withLock { $0.lines.append(line) }
            }
        }
        close(source)
    }

    private func waitForEnd() {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7F
        state.withLock { $0.status = signal == 0 ? status >> 8 & 0xFF : 128 + signal }
        close(input)
    }
}
