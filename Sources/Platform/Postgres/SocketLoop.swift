import CLibPQ
import Foundation
import Synchronization

/// One thread that waits on all of a client's sockets with epoll; libpq is called on it and nowhere else.
///
/// The idea: libpq reads and writes its sockets itself and is not thread-safe, so one thread owns every connection and
/// callers hand it closures. A thread a connection costs twice the CPU (measured).
final class SocketLoop: @unchecked Sendable {  // Guard: everything but `inbox` is touched on the loop's thread only.
    /// How often deadlines are looked at, in milliseconds.
    static let tickMilliseconds: Int32 = 20

    private struct Timer {
        let due: ContinuousClock.Instant
        let action: () -> Void
    }

    private struct Inbox {
        var actions: [@Sendable () -> Void] = []
        /// The thread has ended: whoever submits carries out the actions, one caller at a time.
        var isStopped = false
        var isDraining = false
    }

    private enum Next { case wake, drain, nothing }

    /// A socket's handler; the number tells it from a later one that was given the same descriptor, for which an event
    /// of the former may still be in hand.
    private struct Watched {
        let number: UInt32
        let handler: (UInt32) -> Void
    }

    private let epoll: Int32
    private let wakeup: Int32
    private let inbox = Mutex(Inbox())
    private var watched: [Int32: Watched] = [:]
    private var watchedCount: UInt32 = 0
    private var timers: [Timer] = []
    private var deadlineChecks: [ObjectIdentifier: (ContinuousClock.Instant) -> Void] = [:]
    private var isRunning = true

    init() {
        epoll = epoll_create1(0)
        wakeup = eventfd(0, Int32(EFD_NONBLOCK))
        precondition(epoll >= 0 && wakeup >= 0, "no file descriptor left for the PostgreSQL client's loop")
        watch(wakeup, number: 0, isWriting: false, isNew: true)
        let thread = Thread { [self] in run() }
        thread.name = "postgres"
        thread.start()
    }

    deinit {
        close(wakeup)
        close(epoll)
    }

    /// Runs `action` on the loop's thread, soon; after `stop` on the caller's, so that nobody waits for ever.
    func submit(_ action: @escaping @Sendable () -> Void) {
        let next = inbox.withLock { inbox -> Next in
            inbox.actions.append(action)
            guard inbox.isStopped else { return inbox.actions.count == 1 ? .wake : .nothing }
            guard !inbox.isDraining else { return .nothing }
            inbox.isDraining = true
            return .drain
        }
        switch next {
        case .wake:
            var one: UInt64 = 1
            // The counter cannot overflow, and a failed wake-up is made good by the next tick.
            _ = write(wakeup, &one, 8)
        case .drain: drainAfterStop()
        case .nothing: break
        }
    }

    /// Carries out actions until none is left; an action may submit another.
    private func drainAfterStop() {
        while true {
            let actions = inbox.withLock { inbox in
                let actions = inbox.actions
                inbox.actions = []
                if actions.isEmpty { inbox.isDraining = false }
                return actions
            }
            guard !actions.isEmpty else { return }
            for action in actions { action() }
        }
    }

    // MARK: On the loop's thread

    /// Calls `handler` with epoll's event bits whenever the socket is ready.
    func add(_ socket: Int32, isWriting: Bool, handler: @escaping (UInt32) -> Void) {
        watchedCount &+= 1
        watched[socket] = Watched(number: watchedCount, handler: handler)
        watch(socket, number: watchedCount, isWriting: isWriting, isNew: true)
    }

    func update(_ socket: Int32, isWriting: Bool) {
        guard let number = watched[socket]?.number else { return }
        watch(socket, number: number, isWriting: isWriting, isNew: false)
    }

    func remove(_ socket: Int32) {
        watched[socket] = nil
        epoll_ctl(epoll, EPOLL_CTL_DEL, socket, nil)
    }

    func after(_ delay: Duration, _ action: @escaping () -> Void) {
        timers.append(Timer(due: .now + delay, action: action))
    }

    /// Calls `check` with the time each tick, for `owner`'s deadlines; `nil` ends it.
    func everyTick(for owner: AnyObject, _ check: ((ContinuousClock.Instant) -> Void)?) {
        deadlineChecks[ObjectIdentifier(owner)] = check
    }

    func stop() { isRunning = false }

    private func watch(_ socket: Int32, number: UInt32, isWriting: Bool, isNew: Bool) {
        var event = epoll_event()
        event.events = EPOLLIN.rawValue | (isWriting ? EPOLLOUT.rawValue : 0)
        event.data.u64 = UInt64(number) << 32 | UInt64(UInt32(bitPattern: socket))
        epoll_ctl(epoll, isNew ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event)
    }

    private func run() {
        var events = [epoll_event](repeating: epoll_event(), count: 64)
        var nextTick = ContinuousClock.now
        while isRunning {
            let count = epoll_wait(epoll, &events, Int32(events.count), Self.tickMilliseconds)
            for index in 0..<max(0, Int(count)) {
                let mark = events[index].data.u64
                let socket = Int32(truncatingIfNeeded: mark)
                if socket == wakeup {
                    var counter: UInt64 = 0
                    _ = read(wakeup, &counter, 8)  // Only resets the counter.
                } else if let entry = watched[socket], entry.number == UInt32(mark >> 32) {
                    entry.handler(events[index].events)
                }
            }
            runInbox()
            let now = ContinuousClock.now
            if now >= nextTick {
                nextTick = now + .milliseconds(Int(Self.tickMilliseconds))
                tick(now)
            }
        }
        inbox.withLock { inbox in
            inbox.isStopped = true
            inbox.isDraining = true
        }
        drainAfterStop()
    }

    private func runInbox() {
        let actions = inbox.withLock { inbox in
            let actions = inbox.actions
            inbox.actions = []
            return actions
        }
        for action in actions { action() }
    }

    private func tick(_ now: ContinuousClock.Instant) {
        for check in Array(deadlineChecks.values) { check(now) }
        let due = timers.filter { $0.due <= now }
        guard !due.isEmpty else { return }
        timers.removeAll { $0.due <= now }
        for timer in due { timer.action() }
    }
}
