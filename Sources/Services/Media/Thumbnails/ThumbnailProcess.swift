import CSpawn
import Glibc
import NIOCore

/// One run of the thumbnailer: a file in, bytes out, within a time.
struct ThumbnailProcess: Sendable {
    enum End: Sendable {
        case exited(Int32, output: ByteBuffer)
        /// By a signal.
        case died
        case tookTooLong
        case notStarted(Int32)
    }

    let executable: String
    let arguments: [String]
    let inputPath: String
    let outputBytesMax: Int
    let durationMax: Duration

    /// Runs it to its end; blocks for as long as that takes.
    func run() -> End {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return .notStarted(errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }
        let (pid, code) = spawn(output: ends[1])
        close(ends[1])
        guard code == 0 else { return .notStarted(code) }
        let deadline = ContinuousClock.now + durationMax
        let output = read(from: ends[0], until: deadline)
        // One that has said all it may say, or not in time, ends here.
        if output == nil { kill(pid, SIGKILL) }
        let status = wait(for: pid, until: deadline)
        guard let output else { return .tookTooLong }
        let signal = status & 0x7F
        // The kernel's own limit on processor time.
        if signal == SIGXCPU || signal == SIGKILL { return .tookTooLong }
        return signal == 0 ? .exited(status >> 8 & 0xFF, output: output) : .died
    }

    /// Starts it with the file as its input and nothing else of ours: no other file, no secret in its environment.
    private func spawn(output: Int32) -> (pid: pid_t, code: Int32) {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, 0, inputPath, O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        apus_spawn_close_from(&actions, 3)
        // What this process ignores or blocks is not the child's to inherit.
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        var words = ([executable] + arguments).map { strdup($0) } + [nil]
        var environment = Self.environment.map { strdup($0) } + [nil]
        defer { for word in words + environment { free(word) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, executable, &actions, &attributes, &words, &environment)
        return (pid, code)
    }

    /// One heap for all threads: address space is limited.
    private static let environment = ["MALLOC_ARENA_MAX=1", "VIPS_BLOCK_UNTRUSTED=1"]

    /// All that it writes; `nil` when that is too much or not in time.
    private func read(from descriptor: Int32, until deadline: ContinuousClock.Instant) -> ByteBuffer? {
        var output = ByteBuffer()
        while output.readableBytes <= outputBytesMax {
            guard let milliseconds = Self.milliseconds(until: deadline) else { return nil }
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&waiting, 1, milliseconds)
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else { return nil }
            let count = output.writeWithUnsafeMutableBytes(minimumWritableBytes: 64 << 10) { space in
                max(0, Glibc.read(descriptor, space.baseAddress, space.count))
            }
            if count == 0 { return output }
        }
        return nil
    }

    /// Collects its end; one that does not come to it in time is killed.
    private func wait(for pid: pid_t, until deadline: ContinuousClock.Instant) -> Int32 {
        var status: Int32 = 0
        while true {
            let ended = waitpid(pid, &status, WNOHANG)
            if ended == pid || ended < 0 && errno != EINTR { return status }
            if Self.milliseconds(until: deadline) == nil { kill(pid, SIGKILL) }
            // It is about to end: its output has.
            poll(nil, 0, 2)
        }
    }

    /// `nil` when it is past.
    private static func milliseconds(until deadline: ContinuousClock.Instant) -> Int32? {
        let left = ContinuousClock.now.duration(to: deadline)
        guard left > .zero else { return nil }
        return Int32(min(left / .milliseconds(1), 60_000)) + 1
    }
}
