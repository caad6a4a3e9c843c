import CanonicalJSON
import Storage

/// Writes `account_data`, global or of a room.
enum AccountDataPart {
    static func write(_ items: [AccountDataItem], to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("events")
        writer.beginArray()
        for item in items {
            writer.beginObject()
            // What was deleted is told as empty.
            writer.member("content", raw: item.content ?? Array("{}".utf8))
            writer.member("type", item.type)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }
}
