import CanonicalJSON
import ClientAPI
import Identifiers
import WorkerContracts

/// `presence` of an answer (spec v1.19, client-server API, "Presence").
struct PresencePart: Sendable {
    private let seen: [PresenceBoard.Seen]

    init(_ seen: [PresenceBoard.Seen], filter: EventFilter) {
        var told: Set<UserID> = []
        let wanted = filter.wants(type: "m.presence") ? seen : []
        self.seen = wanted.filter {
            filter.wants(sender: $0.presence.user) && told.insert($0.presence.user).inserted
        }
    }

    var isEmpty: Bool { seen.isEmpty }

    func write(to writer: inout JSONWriter, at now: ContinuousClock.Instant = .now) {
        writer.beginObject()
        writer.key("events")
        writer.beginArray()
        for seen in seen {
            writer.beginObject()
            writer.member("content", seen.content(at: now))
            writer.member("sender", seen.presence.user.rawValue)
            writer.member("type", "m.presence")
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }
}

extension PresenceBoard.Seen {
    /// The presence as clients get it.
    func content(at now: ContinuousClock.Instant = .now) -> JSONObject {
        var content: JSONObject = ["presence": .string(presence.state.rawValue)]
        if presence.state == .online { content["currently_active"] = .bool(presence.isCurrentlyActive) }
        content["last_active_ago"] = activeAt.map { .int(max(.zero, now - $0).milliseconds) }
        content["status_msg"] = presence.status.map { .string($0) }
        return content
    }
}
