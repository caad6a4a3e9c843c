import CanonicalJSON
import RoomReading

extension JSONWriter {
    /// Writes a member that is an array of events.
    mutating func member(_ key: String, _ events: some Sequence<ServedEvent>) {
        self.key(key)
        beginArray()
        for event in events { event.write(to: &self) }
        endArray()
    }
}
