import CanonicalJSON
import Identifiers
import Storage

/// `ephemeral` of a room: who types and who has read what (spec v1.19, client-server API, "Typing" and "Receipts").
struct EphemeralPart: Sendable {
    private let typing: [UserID]?
    private let receipts: [Receipt]

    init(joined: JoinedRoom, filter: SyncFilter) {
        let filter = filter.ephemeral
        let isWanted = filter.wants(room: joined.room.room)
        typing = isWanted && filter.wants(type: "m.typing") ? joined.typing : nil
        receipts = isWanted && filter.wants(type: "m.receipt") ? joined.receipts : []
    }

    var isEmpty: Bool { typing == nil && receipts.isEmpty }

    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("events")
        writer.beginArray()
        if let typing {
            writer.beginObject()
            writer.member("content", ["user_ids": .array(typing.map { .string($0.rawValue) })] as JSONObject)
            writer.member("type", "m.typing")
            writer.endObject()
        }
        for content in Self.grouped(receipts) {
            writer.beginObject()
            writer.member("content", content)
            writer.member("type", "m.receipt")
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }

    /// Receipts by event, type and user.
    ///
    /// A user's receipts of several threads at one event do not fit into one content:
    /// there are as many contents as the most anybody has at one event.
    static func grouped(_ receipts: [Receipt]) -> [JSONObject] {
        var contents: [JSONObject] = []
        for receipt in receipts {
            var value: JSONObject = ["ts": .int(receipt.readAt.milliseconds)]
            if let thread = receipt.thread { value["thread_id"] = .string(thread) }
            let index = contents.firstIndex { content in
                content[receipt.event.rawValue]?[receipt.type]?[receipt.user.rawValue] == nil
            }
            if index == nil { contents.append([:]) }
            let place = index ?? contents.count - 1
            var byType = contents[place][receipt.event.rawValue]?.objectValue ?? [:]
            var byUser = byType[receipt.type]?.objectValue ?? [:]
            byUser[receipt.user.rawValue] = .object(value)
            byType[receipt.type] = .object(byUser)
            contents[place][receipt.event.rawValue] = .object(byType)
        }
        return contents
    }
}
