import CanonicalJSON
import Events
import HTTPServer
import Identifiers
import MatrixHTTP
import PushRules
import RoomReading
import Storage

/// What the caller was notified of: `GET /_matrix/client/v3/notifications` (spec v1.19, "Listing Notifications").
///
/// By the rules the caller has now. Looked at are the events that everybody has to read; a page ends early when too many
/// of them do not notify the caller.
struct ListNotifications: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/notifications", cost: .read)
    static let limitDefault = 20
    static let tokenPrefix = "n1_"
    /// How many times events are read for one page.
    static let readingsMax = 10

    /// A notification as it is listed.
    private struct Listed {
        let notification: Notification
        let event: [UInt8]
        let actions: PushActions
    }

    let store: NotificationStore
    let reader: RoomReader
    let events: EventStore
    let served: ServedEvents
    let ignored: IgnoredUsers
    let rules: PushRuleReader
    let contexts: PushContexts

    /// - Throws: `M_INVALID_PARAM`.
    func respond(to request: UserRequest) async throws -> JSONBytes {
        let limit = try request.pageLimit(default: Self.limitDefault, max: NotificationStore.notificationsMax)
        var place = try place(request)
        let ignored = try await ignored.ignored(by: request.caller)
        let rules = try await rules.rules(of: request.caller)
        let onlyHighlights = request.query("only").map { $0.utf8.elementsEqual("highlight".utf8) } ?? false
        var listed: [Listed] = []
        var hasMore = true
        for _ in 0..<Self.readingsMax where hasMore && listed.count < limit {
            let found = try await store.notifications(
                of: request.caller, ignoring: ignored, onlyHighlights: false, before: place,
                limit: NotificationStore.notificationsMax)
            hasMore = found.count == NotificationStore.notificationsMax
            for one in try await judge(found, rules, request) where !onlyHighlights || one.actions.isHighlight {
                guard listed.count < limit else {
                    hasMore = true
                    break
                }
                listed.append(one)
            }
            place = found.last.map { ($0.at, $0.event) } ?? place
        }
        if listed.count == limit, let last = listed.last { place = (last.notification.at, last.notification.event) }
        return Self.write(listed, next: hasMore ? place : nil)
    }

    private static func write(_ listed: [Listed], next: (at: Timestamp, event: EventID)?) -> JSONBytes {
        var writer = JSONWriter(reservingBytes: 1_024 * (listed.count + 1))
        writer.beginObject()
        if let next { writer.member("next_token", "\(tokenPrefix)\(next.at.milliseconds)_\(next.event)") }
        writer.key("notifications")
        writer.beginArray()
        for one in listed {
            writer.beginObject()
            writer.member("actions", .array(one.actions.json))
            writer.member("event", raw: one.event)
            writer.member("read", one.notification.isRead)
            writer.member("room_id", one.notification.room.rawValue)
            writer.member("ts", one.notification.at.milliseconds)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return JSONBytes(writer.bytes)
    }

    /// Those that notify the caller, of what they may see.
    private func judge(
        _ found: [Notification], _ rules: PushRuleSet, _ request: UserRequest
    ) async throws -> [Listed] {
        let shown = try await serve(found, to: request)
        let contexts = try await contexts.rooms(
            Array(Set(found.map(\.room))), for: request.caller, countingTo: rules.membersCounted)
        return found.compactMap { notification in
            guard let (event, bytes) = shown[notification.event], var context = contexts[notification.room]?.context
            else { return nil }
            context.isThreadSubscribed = notification.isThreadSubscribed
            guard let actions = rules.actions(for: event, context), actions.notifies else { return nil }
            return Listed(notification: notification, event: bytes, actions: actions)
        }
    }

    /// The events that the caller may see, ready.
    private func serve(
        _ found: [Notification], to request: UserRequest
    ) async throws -> [EventID: (event: Event, bytes: [UInt8])] {
        let viewer = Viewer(user: request.caller, device: request.device)
        var shown: [EventID: (event: Event, bytes: [UInt8])] = [:]
        for (room, notifications) in Dictionary(grouping: found, by: \.room) {
            guard let view = try await reader.open(room, for: request.caller) else { continue }
            let stored = try await events.events(notifications.map(\.event), of: room, rules: view.rules)
            let visible = stored.values.filter { view.isVisible($0) }
            for event in try await served.serve(visible, to: viewer, in: view, includesRoom: false) {
                shown[event.stored.event.id] = (event.stored.event, event.bytes())
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
