import Glibc

/// Runs `body`, which starts a process, with no signal blocked in this thread.
///
/// A child inherits what its parent's thread blocks, and threads of tasks block nearly everything: a shell that never
/// hears of its children's ends waits for ever.
func withUnblockedSignals<Result>(_ body: () throws -> Result) rethrows -> Result {
    var none = sigset_t()
    var before = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    return try body()
}
