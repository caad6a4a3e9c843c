import CanonicalJSON
import Identifiers

/// How a user is seen by those they share rooms with, as the owner of the user's shard has it.
public struct UserPresence: Sendable, Equatable {
    public var user: UserID
    public var shard: ShardID
    public var state: PresenceState
    /// Online, and active this very minute: nothing further is told until that changes.
    public var isCurrentlyActive: Bool
    /// How long ago the user was active when this was said; `nil`: not known.
    public var activeAgo: Duration?
    public var status: String?
    /// The owner's boot nonce: counters of different boots cannot be compared.
    public var boot: String
    /// Grows with every change of presence under one boot.
    public var counter: Int64

    public init(
        user: UserID, shard: ShardID, state: PresenceState, isCurrentlyActive: Bool, activeAgo: Duration?,
        status: String?, boot: String, counter: Int64
    ) {
        self.user = user
        self.shard = shard
        self.state = state
        self.isCurrentlyActive = isCurrentlyActive
        self.activeAgo = activeAgo
        self.status = status
        self.boot = boot
        self.counter = counter
    }

    var json: JSONValue {
        var object: JSONObject = [
            "user": .string(user.rawValue), "shard": .int(Int64(shard.number)), "state": .string(state.rawValue),
            "active": .bool(isCurrentlyActive), "boot": .string(boot), "counter": .int(counter),
        ]
        object["status"] = status.map { .string($0) }
        object["active_ago_ms"] = activeAgo.map { .int(min($0.millisecondsRoundedUp, FieldReader.millisecondsMax)) }
        return .object(object)
    }

    init(_ object: JSONObject) throws(ContractError) {
        var reader = FieldReader(object)
        self.init(
            user: try reader.identifier("user"), shard: try reader.shard("shard"),
            state: try FieldReader.require(PresenceState(rawValue: try reader.string("state")), "state"),
            isCurrentlyActive: try reader.flag("active"), activeAgo: try reader.optionalMilliseconds("active_ago_ms"),
            status: try reader.optionalString("status"), boot: try reader.string("boot"),
            counter: try reader.integer("counter"))
    }
}
