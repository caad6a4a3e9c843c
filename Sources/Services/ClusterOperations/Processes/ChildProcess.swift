import Glibc
import Synchronization

/// A process of ours: its lines, its end, its signals.
package final class ChildProcess: Sendable {
    package struct CannotStart: Error, CustomStringConvertible {
        let command: String
        let code: Int32
        package var description: String { "\(command) cannot be started: \(String(cString: strerror(code)))" }
    }

    /// The longest line taken as one, in bytes; longer ones are cut into several.
    static let lineBytesMax = 16_384

    private struct State {
        var exit: ProcessExit?
        var waiting: [CheckedContinuation<ProcessExit, Never>] = []
    }

    package let pid: Int32
    private let state = Mutex(State())

    private init(pid: Int32) { self.pid = pid }

    /// Starts a process in a process group of its own, so that a terminal's Ctrl-C is ours alone to act on.
    ///
    /// - Parameter onLine: called for each line of its output and errors, in order, on a thread of the process's own.
    package static func start(
        _ command: ProcessCommand, onLine: @escaping @Sendable (String) -> Void
    ) async throws -> ChildProcess {
        let started = try await ProcessStarter.shared.run { spawn(command) }.get()
        let child = ChildProcess(pid: started.pid)
        ProcessThread.detach {
            readLines(from: started.output, onLine)
            close(started.output)
            child.ended(waitForExit(started.pid))
        }
        return child
    }

    /// Waits for its end.
    package func exit() async -> ProcessExit {
        await withCheckedContinuation { continuation in
            let exit = state.withLock { state -> ProcessExit? in
                if state.exit == nil { state.waiting.append(continuation) }
                return state.exit
            }
            if let exit { continuation.resume(returning: exit) }
        }
    }

    package var hasEnded: Bool { state.withLock { $0.exit != nil } }

    /// Sends a signal; nothing happens when it has ended.
    package func send(_ signal: Int32) {
        // Until its end was collected, its number cannot be another's.
        state.withLock { if $0.exit == nil { kill(pid, signal) } }
    }

    private func ended(_ exit: ProcessExit) {
        let waiting = state.withLock { state in
            state.exit = exit
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume(returning: exit) }
    }

    // MARK: System calls

    /// Runs on the one thread that starts processes: no other child can inherit the pipe between its two calls.
    private static func spawn(_ command: ProcessCommand) -> Result<(pid: Int32, output: Int32), CannotStart> {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return .failure(CannotStart(command: command.executable, code: errno)) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let (output, input) = (ends[0], ends[1])
        defer { close(input) }
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, input, 1)
        posix_spawn_file_actions_adddup2(&actions, input, 2)
        // What this process ignores or blocks is not the child's to inherit.
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
        let words = CStrings(command.words)
        let environment = CStrings(command.environment.map { "\($0.key)=\($0.value)" }.sorted())
        var pid: pid_t = 0
        let code = posix_spawn(
            &pid, ProcessCommand.setpriv, &actions, &attributes, words.pointers, environment.pointers)
        guard code == 0 else {
            close(output)
            return .failure(CannotStart(command: command.executable, code: code))
        }
        return .success((pid, output))
    }

    private static func readLines(from descriptor: Int32, _ onLine: (String) -> Void) {
        var pending: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            pending += buffer[..<count]
            while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                onLine(String(decoding: pending[..<end], as: UTF8.self))
                pending.removeFirst(end + 1)
            }
            if pending.count > lineBytesMax {
                onLine(String(decoding: pending, as: UTF8.self))
                pending = []
            }
        }
        if !pending.isEmpty { onLine(String(decoding: pending, as: UTF8.self)) }
    }

    private static func waitForExit(_ pid: Int32) -> ProcessExit {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7F
        return signal == 0 ? .exited((status >> 8) & 0xFF) : .killed(signal: signal)
    }
}

/// A null-terminated array of C strings.
private final class CStrings {
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count
        pointers = .allocate(capacity: count + 1)
        for (index, string) in strings.enumerated() { pointers[index] = strdup(string) }
        pointers[count] = nil
    }

    deinit {
        for index in 0..<count { free(pointers[index]) }
        pointers.deallocate()
    }
}
