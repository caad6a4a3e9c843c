import CanonicalJSON
import Events
import Storage

/// What a caller learns about an event beside the event (spec v1.19, client-server API, "UnsignedData").
struct UnsignedJSON {
    let stored: StoredEvent
    let viewer: Viewer
    /// The viewer's membership at the event.
    let membership: String
    /// What a state event replaced in the room's state.
    let replaced: StoredEvent?
    /// The redaction of a redacted event, as the viewer may see it.
    let redaction: Event?
    /// What is shown inside of the event of those that relate to it.
    let bundle: RelationBundle?
    /// How long the event sticks still (MSC4354).
    let stickyMillisecondsLeft: Int64?

    func bytes() -> [UInt8] {
        var writer = JSONWriter(reservingBytes: 256)
        writer.beginObject()
        if let bundle {
            writer.key("m.relations")
            writer.beginObject()
            writer.rawMembers(bundle.members)
            writer.endObject()
        }
        writer.member("membership", membership)
        if let replaced {
            writer.member("prev_content", replaced.event.content)
            writer.member("prev_sender", replaced.event.sender.rawValue)
            writer.member("replaces_state", replaced.event.id.rawValue)
        }
        if let stickyMillisecondsLeft { writer.member("msc4354_sticky_duration_ttl_ms", stickyMillisecondsLeft) }
        if let redaction { writer.member("redacted_because", raw: ClientEventJSON(redaction).bytes()) }
        if let transaction = stored.transaction, stored.event.sender == viewer.user,
            transaction.device == viewer.device
        {
            writer.member("transaction_id", transaction.id)
        }
        // Whichever device looks: another one may have restarted it.
        if let delay = stored.delay, stored.event.sender == viewer.user {
            writer.member("org.matrix.msc4140.delay_id", delay)
        }
        writer.endObject()
        return writer.bytes
    }
}
