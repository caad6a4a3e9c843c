import CanonicalJSON
import Identifiers

// The endpoints before /sync say the same in other words. They are few people's, so their answers are made of /sync's
// instead of having composers of their own.

/// An answer to `/sync`, turned into what older endpoints say.
struct OlderAnswer {
    let answer: JSONObject
    let user: UserID

    var next: String { answer["next_batch"]?.stringValue ?? "" }

    /// The answer of `/initialSync`; the sync was asked for the state after the timeline.
    var initialSync: JSONObject {
        [
            "account_data": answer["account_data"]?["events"] ?? [], "end": .string(next),
            "presence": answer["presence"]?["events"] ?? [],
            "rooms": .array(rooms("join", as: "join") + invites + rooms("leave", as: "leave")),
        ]
    }

    /// The answer of `/events`: all events of all rooms, each with its room.
    ///
    /// Who types, reads or is there is not among them: events of the chunk have an ID (spec v1.19, `getEvents`). Invites
    /// are as stripped as in `/sync`.
    ///
    /// - Parameter start: where the client was.
    func events(since start: String) -> JSONObject {
        var chunk: [JSONValue] = []
        for section in ["join", "leave"] {
            for room in answer["rooms"]?[section]?.objectValue?.members ?? [] {
                for part in ["state", "timeline"] {
                    chunk += Self.events(of: room.value[part], in: room.key)
                }
            }
        }
        for room in answer["rooms"]?["invite"]?.objectValue?.members ?? [] {
            if let invite = invite(to: room) { chunk.append(invite) }
        }
        return ["chunk": .array(chunk), "end": .string(next), "start": .string(start)]
    }

    private func rooms(_ section: String, as membership: String) -> [JSONValue] {
        (answer["rooms"]?[section]?.objectValue?.members ?? []).map { room in
            let messages: JSONObject = [
                "chunk": .array(Self.events(of: room.value["timeline"], in: room.key)), "end": .string(next),
                "start": room.value["timeline"]?["prev_batch"] ?? .string(next),
            ]
            return [
                "account_data": room.value["account_data"]?["events"] ?? [], "membership": .string(membership),
                "messages": .object(messages), "room_id": .string(room.key),
                "state": .array(Self.events(of: room.value["state_after"], in: room.key)),
            ]
        }
    }

    private var invites: [JSONValue] {
        (answer["rooms"]?["invite"]?.objectValue?.members ?? []).map { room in
            var value: JSONObject = ["membership": "invite", "room_id": .string(room.key)]
            value["invite"] = invite(to: room)
            return .object(value)
        }
    }

    /// The event that invites the user.
    private func invite(to room: JSONObject.Member) -> JSONValue? {
        Self.events(of: room.value["invite_state"], in: room.key).first { event in
            event["type"] == "m.room.member" && event["state_key"] == .string(user.rawValue)
        }
    }

    private static func events(of part: JSONValue?, in room: String) -> [JSONValue] {
        (part?["events"]?.arrayValue ?? []).map { event in
            guard var object = event.objectValue else { return event }
            object["room_id"] = .string(room)
            return .object(object)
        }
    }
}
