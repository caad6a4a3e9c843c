import CanonicalJSON
import Events
import Identifiers
import MatrixHTTP
import Storage
import WorkerContracts

/// What an event may relate to, beyond what its room's rules say (spec v1.19, "Annotations", "Validation of m.thread").
///
/// Asked before the event is sent: two requests at once may both pass, which clients have to bear from other servers too.
struct RelationRules: Sendable {
    let relations: RelationStore

    /// - Throws: `M_DUPLICATE_ANNOTATION` for what the sender has said of that event already, `M_UNKNOWN` for a thread
    ///   that begins at an event that relates to another.
    func check(
        type: String, _ content: JSONObject, by sender: UserID, transaction: ClientTransaction
    ) async throws {
        guard let relation = EventRelation(content: content) else { return }
        if relation.isType("m.thread"), try await relations.isChild(relation.parent) {
            throw MatrixError(
                status: 400, errcode: "M_UNKNOWN", message: "A thread begins at an event that relates to no other.")
        }
        guard relation.isType("m.annotation"), let key = relation.key,
            let same = try await relations.annotation(of: relation.parent, by: sender, type: type, key: key)
        else { return }
        // The same request again is answered with the same event.
        if same.device == transaction.device,
            same.transaction.map({ $0.utf8.elementsEqual(transaction.id.utf8) }) ?? false
        {
            return
        }
        throw MatrixError(
            status: 400, errcode: "M_DUPLICATE_ANNOTATION", message: "You have reacted to this event like that already."
        )
    }
}
