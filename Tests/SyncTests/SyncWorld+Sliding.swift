import CanonicalJSON
import Identifiers
import TestSupport
import Testing

/// A sliding sync's answer, to be looked into.
struct Slid: Sendable {
    let body: JSONObject

    var pos: String { body["pos"]?.stringValue ?? "" }
    var rooms: JSONObject { body["rooms"]?.objectValue ?? [:] }
    subscript(room: RoomID) -> JSONObject? { rooms[room.rawValue]?.objectValue }
    func `extension`(_ name: String) -> JSONObject? { body["extensions"]?[name]?.objectValue }
}

extension JSONObject {
    func merging(_ other: JSONObject) -> JSONObject {
        var merged = self
        for member in other.members { merged[member.key] = member.value }
        return merged
    }

    /// Bodies of the timeline's messages; types of its other events.
    var bodies: [String] {
        (self["timeline"]?.arrayValue ?? []).map {
            $0["content"]?["body"]?.stringValue ?? $0["type"]?.stringValue ?? "?"
        }
    }
    /// Types of the required state's events with their state keys.
    var state: Set<String> {
        Set(
            (self["required_state"]?.arrayValue ?? []).map {
                "\($0["type"]?.stringValue ?? "?") \($0["state_key"]?.stringValue ?? "?")"
            })
    }
}

extension SyncWorld {
    /// Asks for a sliding sync as it is, whatever the answer.
    func post(
        _ person: Person, _ body: JSONObject, pos: String? = nil, timeout: Int = 0, to worker: Worker? = nil
    ) async throws -> Answer {
        let path = "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync?timeout=\(timeout)"
        return try await call(
            path + (pos.map { "&pos=\($0)" } ?? ""), token: person.token.text, method: "POST", body: body.bytes(),
            to: worker)
    }

    /// Syncs once the worker has seen everything.
    func slide(
        _ person: Person, _ body: JSONObject, pos: String? = nil, to worker: Worker? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Slid {
        if mode == .otherWorkers { try await startWorker() }
        try await settle()
        let answer = try await post(person, body, pos: pos, to: worker)
        #expect(answer.status == 200, "\(answer.body)", sourceLocation: sourceLocation)
        return Slid(body: answer.body)
    }
}
