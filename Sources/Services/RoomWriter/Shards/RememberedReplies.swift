import Collections
import WorkerContracts

/// The answers of the last commands: what a repeat after a lost answer mostly asks for.
///
/// It only saves work; what it has forgotten the database knows.
struct RememberedReplies {
    static let countMax = 1_000

    private var replies: [CommandID: WriterReply] = [:]
    private var order: Deque<CommandID> = []

    subscript(id: CommandID) -> WriterReply? { replies[id] }

    mutating func insert(_ reply: WriterReply, for id: CommandID) {
        if replies.updateValue(reply, forKey: id) == nil { order.append(id) }
        if order.count > Self.countMax, let oldest = order.popFirst() { replies[oldest] = nil }
    }
}
