import CanonicalJSON
import Identifiers
import MatrixHTTP
import WorkerContracts

/// Makes drafts of the message events that clients want to send, now or later.
struct MessageDrafts: Sendable {
    let relations: RelationRules
    let rates: RateLimits

    /// - Throws: `M_INVALID_PARAM` for a bad type, `M_BAD_JSON`, `M_TOO_LARGE`, `M_LIMIT_EXCEEDED`,
    ///   `M_DUPLICATE_ANNOTATION` for a reaction that is there already, `M_UNKNOWN` for a thread inside of a thread.
    func draft(
        _ type: String, _ content: JSONObject, _ transaction: TransactionID, _ request: UserRequest
    ) async throws -> EventDraft {
        try EventLimits.check(type: type)
        try EventLimits.check(content: content)
        try await rates.demand(.message, of: request.caller.rawValue)
        let local = ClientTransaction(device: request.device, id: transaction.text)
        try await relations.check(type: type, content, by: request.caller, transaction: local)
        return EventDraft(
            type: type, stateKey: nil, sender: request.caller, content: content,
            redacts: try Self.redacted(by: type, content), transaction: local)
    }

    /// What a redaction sent as an ordinary event redacts.
    private static func redacted(by type: String, _ content: JSONObject) throws -> EventID? {
        guard type.utf8.elementsEqual("m.room.redaction".utf8) else { return nil }
        return try BodyFields(content).requiredIdentifier("redacts", as: EventID.self)
    }
}
