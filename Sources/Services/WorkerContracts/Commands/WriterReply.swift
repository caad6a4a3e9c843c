import CanonicalJSON
import Identifiers

/// What the owner of a shard answers to a command.
public enum WriterReply: Sendable, Equatable {
    /// Durable. `events` are the IDs of the command's events in order; `position` is the shard's after it.
    case done(events: [EventID], position: ShardSequence)
    /// Durable, and this is what the command asked for; the position as with ``done(events:position:)``.
    case answered(JSONObject, position: ShardSequence)
    /// The command breaks a rule; repeating it cannot help.
    case refused(Refusal)
    /// Another worker owns the shard now (`nil`: not known yet); send it there with the same command ID.
    case moved(to: String?)
    /// Too much is queued; nothing was done.
    case busy(retryAfter: Duration)

    public struct Refusal: Sendable, Equatable {
        /// HTTP status for the client, 400 to 499.
        public var status: Int
        public var errcode: String
        public var message: String

        public init(status: Int, errcode: String, message: String) {
            self.status = status
            self.errcode = errcode
            self.message = message
        }
    }

    /// Whether the command has had its effect.
    public var isDone: Bool {
        switch self {
        case .done, .answered: true
        case .refused, .moved, .busy: false
        }
    }
}
