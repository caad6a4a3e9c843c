import CanonicalJSON
import Storage
import WorkerContracts

extension ListedDelay {
    /// The event as it was scheduled, for its user.
    func json() throws -> JSONObject {
        let draft = try EventDraft(json: try JSONValue.parse(event.draft))
        let delay = JSONValue.int(event.delay.milliseconds)
        // The delay and its beginning under the names of the first form too.
        var object: JSONObject = [
            "delay_id": .string(event.id), "room_id": .string(event.room.rawValue), "type": .string(event.type),
            "delay": delay, "delay_ms": delay, "running_since": .int(since.milliseconds),
            "scheduled_at": .int(since.milliseconds), "content": .object(draft.content),
        ]
        object["state_key"] = event.stateKey.map(JSONValue.string)
        object["transaction_id"] = draft.transaction.map { .string($0.id) }
        return object
    }

    /// What became of it.
    func endJSON() throws -> JSONObject {
        var object = try json()
        object["delayed_event"] = .object(try json())
        object["outcome"] = phase == .cancelled ? "cancel" : "send"
        object["reason"] = phase == .refused ? "error" : phase == .cancelled ? "action" : "delay"
        object["event_id"] = sentEvent.map { .string($0.rawValue) }
        object["error"] = try error.map { .object(try JSONObject.parse($0)) }
        object["origin_server_ts"] = endedAt.map { .int($0.milliseconds) }
        object["finalised_ts"] = endedAt.map { .int($0.milliseconds) }
        return object
    }
}
