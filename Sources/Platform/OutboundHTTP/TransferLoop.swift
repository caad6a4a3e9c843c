import CLibCurl
import Collections
import Glibc
import Synchronization

// One thread drives all transfers through one libcurl multi handle. Other threads leave commands in an inbox and wake
// it. A transfer ends exactly once, on this thread: done, failed, timed out (libcurl's own timer), cancelled, or shut
// down with the loop.

/// The thread.
///
/// Guard: `active` and `idleHandles` are touched by the thread only, `inbox` by its mutex; `multi` by the thread,
/// except waking, which libcurl allows from anywhere and happens under the inbox's lock, before clean-up.
final class TransferLoop: @unchecked Sendable {
    /// The most handles kept for reuse.
    static let idleHandlesMax = 64

    enum Command {
        case add(Transfer)
        case cancel(Transfer)
        case resume(Transfer)
    }

    private struct Inbox {
        var commands: [Command] = []
        var transfers = 0
        var stopped = false
    }

    private let multi: UnsafeMutableRawPointer
    private let transfersMax: Int
    private let inbox = Mutex(Inbox())
    private var active: [ObjectIdentifier: Transfer] = [:]
    private var idleHandles: [UnsafeMutableRawPointer] = []

    private static let globalSetUp: Void = {
        precondition(curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK, "libcurl cannot be initialised")
    }()

    init(transfersMax: Int, idleConnectionsMax: Int) {
        Self.globalSetUp
        guard let multi = curl_multi_init() else { preconditionFailure("out of memory for libcurl") }
        self.multi = multi
        self.transfersMax = transfersMax
        apus_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, idleConnectionsMax)
    }

    /// Starts the thread, which holds the loop until it is stopped.
    func start() {
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<TransferLoop>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        precondition(code == 0, "cannot start the HTTP client's thread")
        pthread_detach(thread)
    }

    /// Takes a transfer; an error when it cannot be taken, and then its sink is not called.
    func add(_ transfer: Transfer) -> HTTPClientError? {
        inbox.withLock { inbox in
            guard !inbox.stopped else { return .shutDown }
            guard inbox.transfers < transfersMax else { return .overloaded }
            inbox.transfers += 1
            post(.add(transfer), to: &inbox)
            return nil
        }
    }

    func cancel(_ transfer: Transfer) {
        transfer.cancelled.store(true, ordering: .releasing)
        inbox.withLock { post(.cancel(transfer), to: &$0) }
    }

    func resume(_ transfer: Transfer) {
        inbox.withLock { post(.resume(transfer), to: &$0) }
    }

    func stop() {
        inbox.withLock { inbox in
            guard !inbox.stopped else { return }
            inbox.stopped = true
            curl_multi_wakeup(multi)
        }
    }

    private func post(_ command: Command, to inbox: inout Inbox) {
        guard !inbox.stopped else { return }
        // A loop that has not yet seen earlier commands is awake already.
        if inbox.commands.isEmpty { curl_multi_wakeup(multi) }
        inbox.commands.append(command)
    }

    private func run() {
        // libcurl shortens the wait to its next timer; this is only the longest.
        let waitMax: Int32 = 1_000
        while takeCommands() {
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            reapFinished()
            curl_multi_poll(multi, nil, 0, waitMax, nil)
        }
        for transfer in active.values { end(transfer, with: .shutDown) }
        for handle in idleHandles { curl_easy_cleanup(handle) }
        curl_multi_cleanup(multi)
    }

    /// Does what the inbox says; false when the loop shall stop.
    private func takeCommands() -> Bool {
        let (commands, stopped) = inbox.withLock { inbox in
            defer { inbox.commands.removeAll(keepingCapacity: true) }
            return (inbox.commands, inbox.stopped)
        }
        for command in commands {
            switch command {
            case .add(let transfer): begin(transfer)
            case .cancel(let transfer):
                if active[ObjectIdentifier(transfer)] != nil { end(transfer, with: .cancelled) }
            case .resume(let transfer):
                if let handle = transfer.handle { curl_easy_pause(handle, CURLPAUSE_CONT) }
            }
        }
        return !stopped
    }

    private func begin(_ transfer: Transfer) {
        guard !transfer.cancelled.load(ordering: .acquiring) else { return finish(transfer, with: .cancelled) }
        guard let handle = idleHandles.popLast() ?? curl_easy_init() else {
            return finish(transfer, with: .connectFailed("out of memory"))
        }
        transfer.configure(handle)
        active[ObjectIdentifier(transfer)] = transfer
        curl_multi_add_handle(multi, handle)
    }

    private func reapFinished() {
        var remaining: Int32 = 0
        while let message = curl_multi_info_read(multi, &remaining) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else { continue }
            let code = message.pointee.data.result
            var context: UnsafeMutableRawPointer?
            apus_curl_get_pointer(handle, CURLINFO_PRIVATE, &context)
            let transfer = Transfer.from(context)
            end(transfer, with: Self.error(for: code, of: transfer))
        }
    }

    /// Takes the transfer out of libcurl, keeps its handle for another, and tells its sink.
    private func end(_ transfer: Transfer, with error: HTTPClientError?) {
        if let handle = transfer.handle {
            curl_multi_remove_handle(multi, handle)
            transfer.release()
            if idleHandles.count < Self.idleHandlesMax {
                curl_easy_reset(handle)
                idleHandles.append(handle)
            } else {
                curl_easy_cleanup(handle)
            }
        }
        active[ObjectIdentifier(transfer)] = nil
        finish(transfer, with: error)
    }

    private func finish(_ transfer: Transfer, with error: HTTPClientError?) {
        inbox.withLock { $0.transfers -= 1 }
        transfer.sink.finish(error)
    }

    private static func error(for code: CURLcode, of transfer: Transfer) -> HTTPClientError? {
        guard code != CURLE_OK else { return nil }
        if let failure = transfer.failure { return failure }
        let message = String(cString: curl_easy_strerror(code))
        if code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL { return .badRequest(message) }
        // The moment before the first byte is sent; zero when it did not come to that.
        var pretransferMicroseconds: curl_off_t = 0
        if let handle = transfer.handle {
            apus_curl_get_size(handle, CURLINFO_PRETRANSFER_TIME_T, &pretransferMicroseconds)
        }
        if pretransferMicroseconds == 0 { return transfer.sawDeniedAddress ? .addressDenied : .connectFailed(message) }
        return code == CURLE_OPERATION_TIMEDOUT ? .timedOut : .transferFailed(message)
    }
}
