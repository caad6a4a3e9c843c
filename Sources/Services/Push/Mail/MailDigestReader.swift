import CanonicalJSON
import Events
import Identifiers
import Storage

/// Reads what a mail is to say.
struct MailDigestReader: Sendable {
    let settings: MailDigestSettings
    let events: PushedEvents
    let totals: UnreadTotals

    /// The mail about what waits; `nil` when there is nothing to tell any more.
    func digest(of deliveries: [PushDelivery], to working: WorkingPusher) async throws -> MailDigest? {
        let pusher = working.pusher
        var (order, found): ([RoomID], [RoomID: [PushedEvents.Found]]) = ([], [:])
        for delivery in deliveries {
            guard let id = delivery.event,
                let event = try await events.find(id, in: delivery.room, for: pusher.user)
            else { continue }
            if found[delivery.room] == nil { order.append(delivery.room) }
            found[delivery.room, default: []].append(event)
        }
        guard !order.isEmpty else { return nil }
        let unread = try await totals.counts(of: pusher.user, in: Set(order))
        let showsMessages = settings.showsMessages && pusher.data["format"] != "event_id_only"
        return MailDigest(
            reader: pusher.user, server: settings.server,
            rooms: order.map { room in
                let own = found[room] ?? []
                return MailDigest.Room(
                    id: room, name: own.last.flatMap { $0.roomName ?? $0.roomAlias }, unread: unread[room] ?? 0,
                    items: own.map { Self.item($0, for: pusher.user, showsMessages: showsMessages) })
            },
            roomLinkPrefix: settings.roomLinkPrefix, unsubscribeURL: settings.links.url(for: working.id))
    }

    private static func item(
        _ found: PushedEvents.Found, for user: UserID, showsMessages: Bool
    ) -> MailDigest.Item {
        let event = found.event
        let kind: MailDigest.Kind =
            if event.isType("m.room.encrypted") {
                .encrypted
            } else if event.isType("m.room.message") || event.isType("m.sticker") {
                .message(showsMessages ? event.content["body"]?.stringValue : nil)
            } else if event.memberTarget == user {
                .invite
            } else {
                .other
            }
        return MailDigest.Item(
            sender: found.senderName ?? event.sender.rawValue, sentAt: event.originServerTS, kind: kind)
    }
}
