import Synchronization
import WorkerContracts

/// Where the answer to a command appears; any number may wait for it.
final class ReplySlot: Sendable {
    private struct State {
        var reply: WriterReply?
        var waiting: [Int: CheckedContinuation<WriterReply?, Never>] = [:]
        var nextNumber = 0
        var cancelled: Set<Int> = []
    }

    private let state = Mutex(State())

    /// The answer; `nil` when the caller's task is cancelled first.
    func wait() async -> WriterReply? {
        let number = state.withLock { state in
            state.nextNumber += 1
            return state.nextNumber
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard state.reply == nil, state.cancelled.remove(number) == nil else { return true }
                    state.waiting[number] = continuation
                    return false
                }
                if isOver { continuation.resume(returning: state.withLock { $0.reply }) }
            }
        } onCancel: {
            let continuation = state.withLock { state in
                let continuation = state.waiting.removeValue(forKey: number)
                if continuation == nil { state.cancelled.insert(number) }
                return continuation
            }
            continuation?.resume(returning: nil)
        }
    }

    /// Gives the answer; only the first one counts.
    func fulfil(_ reply: WriterReply) {
        let waiting = state.withLock { state in
            if state.reply == nil { state.reply = reply }
            defer { state.waiting = [:] }
            return state.waiting
        }
        for continuation in waiting.values { continuation.resume(returning: reply) }
    }
}
