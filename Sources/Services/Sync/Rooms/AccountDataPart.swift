import CanonicalJSON
import RoomReading
import Storage

/// Writes `account_data`, global or of a room.
enum AccountDataPart {
    static func write(_ items: [AccountDataItem], to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("events")
        AccountDataEvents.write(items, to: &writer)
        writer.endObject()
    }
}
