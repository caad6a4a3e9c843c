import CanonicalJSON
import Events
import Identifiers
import PushRules
import RoomReading
import RoomRules
import Storage

/// Writes what gateways are told (spec v1.19, push gateway API, "notify").
struct PushNotices: Sendable {
    /// The most rooms whose unread events make up a badge, those somebody came into last.
    static let badgeRoomsMax = 1_000
    /// Rooms counted in one statement.
    static let roomsPerStatementMax = 100

    let facts: RoomFacts
    let events: EventStore
    let work: PushWorkStore
    let accountData: AccountDataStore
    let memberships: UserMembershipStore
    let counter: UnreadCounter

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
            let badge = try await unread(of: pusher.user)
            // More than that is told with what has come.
            guard badge < working.badge else { return nil }
            return Notice(
                ["counts": .object(Self.counts(badge)), "devices": [.object(Self.device(pusher, [:]))]], badge: badge)
        }
        return try await notice(of: event, delivery, to: pusher)
    }

    private func notice(of id: EventID, _ delivery: PushDelivery, to pusher: Pusher) async throws -> Notice? {
        let state = try await facts.state(["m.room.name", "m.room.canonical_alias"], of: [delivery.room])[delivery.room]
        guard let state, try await work.member(pusher.user, of: delivery.room).isThere else { return nil }
        let rules = state.placement.version.rules
        guard let stored = try await events.event(id, of: delivery.room, rules: rules),
            stored.redactedBy == nil
        else { return nil }
        let event = stored.event
        let badge = try await unread(of: pusher.user)
        var notice: JSONObject = [
            "event_id": .string(event.id.rawValue), "room_id": .string(event.room.rawValue),
            "counts": .object(Self.counts(badge)),
            "devices": [.object(Self.device(pusher, delivery.tweaks))],
        ]
        guard pusher.data["format"] != "event_id_only" else { return Notice(notice, badge: badge) }
        notice["type"] = .string(event.type)
        notice["sender"] = .string(event.sender.rawValue)
        notice["content"] = .object(event.content)
        notice["sender_display_name"] = try await work.member(event.sender, of: event.room).displayName.map {
            .string($0)
        }
        notice["room_name"] = state.events[StateMapKey(type: "m.room.name", stateKey: "")]?.content["name"]
        notice["room_alias"] = state.events[StateMapKey(type: "m.room.canonical_alias", stateKey: "")]?.content["alias"]
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

    /// How much is unread, over all rooms the user is in.
    private func unread(of user: UserID) async throws -> Int64 {
        let types = UnwantedSenders.types + [PushRuleDocument.accountDataType]
        let contents = try await accountData.fetch(types, of: [user])[user] ?? [:]
        let document = PushRuleDocument(contents[ByteOrderedText(PushRuleDocument.accountDataType)], of: user)
        let ignored = UnwantedSenders { contents[ByteOrderedText($0)] }.counted(for: user)
        let rooms = try await memberships.current(of: user, limit: Self.badgeRoomsMax)
        var unread: Int64 = 0
        for start in stride(from: 0, to: rooms.count, by: Self.roomsPerStatementMax) {
            let part = rooms.dropFirst(start).prefix(Self.roomsPerStatementMax).map { room, position in
                UnreadRequest(room: room, joinedAt: position, upTo: ShardSequence(.max))
            }
            let counts = try await counter.counts(
                in: Array(part), for: user, rules: PushRuleSet(document, of: user), ignoring: ignored,
                listsThreads: false)
            unread += counts.values.reduce(0) { $0 + $1.total.notifications }
        }
        return unread
    }
}
