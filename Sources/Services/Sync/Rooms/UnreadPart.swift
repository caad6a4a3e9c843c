import CanonicalJSON
import Storage

/// Writes how much of a room is unread (spec v1.19, client-server API, "Receiving notifications").
enum UnreadPart {
    /// - Parameter listsThreads: whether threads are counted one by one, and so not with the room.
    static func write(_ unread: RoomUnread, to writer: inout JSONWriter, listsThreads: Bool) {
        writer.key("unread_notifications")
        write(listsThreads ? unread.main : unread.total, to: &writer)
        guard listsThreads, !unread.threads.isEmpty else { return }
        writer.key("unread_thread_notifications")
        writer.beginObject()
        for (root, counts) in unread.threads.sorted(by: { $0.key < $1.key }) {
            writer.key(root.rawValue)
            write(counts, to: &writer)
        }
        writer.endObject()
    }

    private static func write(_ counts: UnreadCounts, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("highlight_count", counts.highlights)
        writer.member("notification_count", counts.notifications)
        writer.endObject()
    }
}
