import CanonicalJSON
import Events
import Identifiers
import Storage

/// Writes what gateways are told (spec v1.19, push gateway API, "notify").
struct PushNotices: Sendable {
    let events: PushedEvents
    let totals: UnreadTotals

    /// What a gateway is sent.
    struct Notice: Sendable {
        let body: JSONObject
        /// How much is unread.
        let badge: Int64

        fileprivate init(_ notification: JSONObject, badge: Int64) {
            body = ["notification": .object(notification)]
            self.badge = badge
        }
    }

    /// The notification; `nil` when there is nothing to tell any more: the event was redacted, the user has left, or what
    /// is unread is no less than the gateway was told last.
    func notice(of delivery: PushDelivery, to working: WorkingPusher) async throws -> Notice? {
        let pusher = working.pusher
        guard let event = delivery.event else {
            let badge = try await totals.all(of: pusher.user)
            // More than that is told with what has come.
            guard badge < working.badge else { return nil }
            return Notice(
                ["counts": .object(Self.counts(badge)), "devices": [.object(Self.device(pusher, [:]))]], badge: badge)
        }
        return try await notice(of: event, delivery, to: pusher)
    }

    private func notice(of id: EventID, _ delivery: PushDelivery, to pusher: Pusher) async throws -> Notice? {
        guard let found = try await events.find(id, in: delivery.room, for: pusher.user) else { return nil }
        let event = found.event
        let badge = try await totals.all(of: pusher.user)
        var notice: JSONObject = [
            "event_id": .string(event.id.rawValue), "room_id": .string(event.room.rawValue),
            "counts": .object(Self.counts(badge)),
            "devices": [.object(Self.device(pusher, delivery.tweaks))],
        ]
        guard pusher.data["format"] != "event_id_only" else { return Notice(notice, badge: badge) }
        notice["type"] = .string(event.type)
        notice["sender"] = .string(event.sender.rawValue)
        notice["content"] = .object(event.content)
        notice["sender_display_name"] = found.senderName.map { .string($0) }
        notice["room_name"] = found.roomName.map { .string($0) }
        notice["room_alias"] = found.roomAlias.map { .string($0) }
        if let target = event.memberTarget { notice["user_is_target"] = .bool(target == pusher.user) }
        let isUrgent =
            event.isType("m.room.encrypted") || delivery.tweaks["sound"] != nil || delivery.tweaks["highlight"] == true
        notice["prio"] = .string(isUrgent ? "high" : "low")
        return Notice(notice, badge: badge)
    }

    private static func device(_ pusher: Pusher, _ tweaks: JSONObject) -> JSONObject {
        var data = pusher.data
        data["url"] = nil
        return [
            "app_id": .string(pusher.appID), "pushkey": .string(pusher.pushkey),
            "pushkey_ts": .int(pusher.setAt.milliseconds / 1_000), "data": .object(data), "tweaks": .object(tweaks),
        ]
    }

    /// Nothing is left out.
    private static func counts(_ unread: Int64) -> JSONObject { unread == 0 ? [:] : ["unread": .int(unread)] }
}
