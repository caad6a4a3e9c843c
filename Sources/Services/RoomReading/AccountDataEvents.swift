import CanonicalJSON
import Storage

/// Writes account data as a list of events, as every answer with some has it.
public enum AccountDataEvents {
    public static func write(_ items: [AccountDataItem], to writer: inout JSONWriter) {
        writer.beginArray()
        for item in items {
            writer.beginObject()
            // What was deleted is told as empty.
            writer.member("content", raw: item.content ?? Array("{}".utf8))
            writer.member("type", item.type)
            writer.endObject()
        }
        writer.endArray()
    }
}
