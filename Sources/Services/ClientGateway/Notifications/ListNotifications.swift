import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import RoomReading
import Storage

/// What the caller was notified of: `GET /_matrix/client/v3/notifications` (spec v1.19, "Listing Notifications").
///
/// By what the default push rules say of everybody; the caller's own rules come with the storage of push rules.
struct ListNotifications: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/notifications", cost: .read)
    static let limitDefault = 20
    static let tokenPrefix = "n1_"

    let store: NotificationStore
    let reader: RoomReader
    let events: EventStore
    let served: ServedEvents
    let ignored: IgnoredUsers

    /// - Throws: `M_INVALID_PARAM`.
    func respond(to request: UserRequest) async throws -> JSONBytes {
        let limit = try request.pageLimit(default: Self.limitDefault, max: NotificationStore.notificationsMax)
        let before = try place(request)
        let found = try await store.notifications(
            of: request.caller, ignoring: try await ignored.ignored(by: request.caller),
            onlyHighlights: request.query("only").map { $0.utf8.elementsEqual("highlight".utf8) } ?? false,
            before: before, limit: limit)
        let shown = try await serve(found, to: request)
        var writer = JSONWriter(reservingBytes: 1_024 * (found.count + 1))
        writer.beginObject()
        if found.count == limit, let last = found.last {
            writer.member("next_token", "\(Self.tokenPrefix)\(last.at.milliseconds)_\(last.event)")
        }
        writer.key("notifications")
        writer.beginArray()
        for notification in found {
            guard let event = shown[notification.event] else { continue }
            Self.write(notification, event, to: &writer)
        }
        writer.endArray()
        writer.endObject()
        return JSONBytes(writer.bytes)
    }

    private static func write(_ notification: Notification, _ event: [UInt8], to writer: inout JSONWriter) {
        var actions: [JSONValue] = ["notify"]
        if notification.isHighlight { actions.append(["set_tweak": "highlight"]) }
        writer.beginObject()
        writer.member("actions", .array(actions))
        writer.member("event", raw: event)
        writer.member("read", notification.isRead)
        writer.member("room_id", notification.room.rawValue)
        writer.member("ts", notification.at.milliseconds)
        writer.endObject()
    }

    /// The events that the caller may see, ready.
    private func serve(_ found: [Notification], to request: UserRequest) async throws -> [EventID: [UInt8]] {
        let viewer = Viewer(user: request.caller, device: request.device)
        var shown: [EventID: [UInt8]] = [:]
        for (room, notifications) in Dictionary(grouping: found, by: \.room) {
            guard let view = try await reader.open(room, for: request.caller) else { continue }
            let stored = try await events.events(notifications.map(\.event), of: room, rules: view.rules)
            let visible = stored.values.filter { view.isVisible($0) }
            for event in try await served.serve(visible, to: viewer, in: view, includesRoom: false) {
                shown[event.stored.event.id] = event.bytes()
            }
        }
        return shown
    }

    private func place(_ request: UserRequest) throws -> (at: Timestamp, event: EventID)? {
        guard let text = request.query("from"), !text.isEmpty else { return nil }
        let parts = text.dropFirst(Self.tokenPrefix.count).split(separator: "_", maxSplits: 1)
        guard text.utf8.starts(with: Self.tokenPrefix.utf8), parts.count == 2, let at = Int64(parts[0]),
            let event = EventID(String(parts[1]))
        else { throw MatrixError.invalidParam("'from' is not a token of this server.") }
        return (Timestamp(milliseconds: at), event)
    }
}
