import CanonicalJSON
import Identifiers
import Storage

/// `summary` of a room (spec v1.19, client-server API, "RoomSummary").
struct SummaryPart: Sendable {
    let summary: RoomSummary
    /// `nil`: the room has a name, or nobody is there to name it after.
    let heroes: [UserID]?

    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        if let heroes {
            writer.member("m.heroes", .array(heroes.map { .string($0.rawValue) }))
        }
        writer.member("m.invited_member_count", summary.invitedCount)
        writer.member("m.joined_member_count", summary.joinedCount)
        writer.endObject()
    }
}
