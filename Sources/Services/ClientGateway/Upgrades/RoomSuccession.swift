import CanonicalJSON
import Events
import Identifiers
import Logging
import MatrixHTTP
import Storage
import WorkerContracts

// What a user has set for a room holds for the one that replaces it (spec v1.19, "Room Upgrades"). The new room says what
// it replaces, which anybody can say; so the old one must agree, by its tombstone. All of it is the user's own account
// data, and doing it twice changes nothing.

/// Carries a user's settings from a room to its replacement.
struct RoomSuccession: Sendable {
    static let tombstone = StateMapKey(type: "m.room.tombstone", stateKey: "")

    let access: RoomAccess
    let store: AccountDataStore
    let tags: RoomTags
    let sender: CommandSender
    let logger: Logger

    /// The room a tombstone leads to.
    static func replacement(in tombstone: JSONObject) -> RoomID? {
        tombstone["replacement_room"]?.stringValue.flatMap { RoomID($0) }
    }

    /// Carries over tags, the mark as a direct chat and push rules, when `room`, which `user` has just joined, replaces one
    /// that they were in.
    ///
    /// The join has happened: what cannot be carried is left.
    func carry(_ user: UserID, into room: RoomID) async {
        do {
            guard let old = try await predecessor(of: room, for: user) else { return }
            try await carryTags(of: user, from: old, to: room)
            try await change("m.direct", of: user) { Self.direct($0, old: old, new: room) }
            try await change("m.push_rules", of: user) { SucceedingPushRules(old: old, new: room).added(to: $0) }
        } catch {
            logger.notice("settings were not carried into a room", metadata: ["error": "\(error)"])
        }
    }

    private func predecessor(of room: RoomID, for user: UserID) async throws -> RoomID? {
        guard let create = try await access.currentContent("m.room.create", "", in: room),
            let old = create["predecessor"]?["room_id"]?.stringValue.flatMap({ RoomID($0) }),
            try await access.membership(of: user, in: old) != nil,
            let tombstone = try await access.currentContent(Self.tombstone.type, "", in: old),
            Self.replacement(in: tombstone) == room
        else { return nil }
        return old
    }

    private func carryTags(of user: UserID, from old: RoomID, to room: RoomID) async throws {
        let former = try await tags.list(RoomTags.Path(user: user, room: old))
        guard !former.isEmpty else { return }
        let path = RoomTags.Path(user: user, room: room)
        let present = try await tags.list(path)
        for member in former.members where present[member.key] == nil {
            try await tags.change(member.key, to: member.value.objectValue ?? [:], path)
        }
    }

    private func change(_ type: String, of user: UserID, _ change: (JSONObject) -> JSONObject?) async throws {
        guard let content = try await store.fetch(type, of: user, in: nil), let changed = change(content) else {
            return
        }
        try AccountDataLimits.check(changed)
        try await sender.execute(
            .setAccountData(.init(user: user, room: nil, type: type, content: changed)), id: .random(), for: user)
    }

    /// The direct chats with the new room wherever the old one is; `nil` when there is nothing to add.
    private static func direct(_ content: JSONObject, old: RoomID, new: RoomID) -> JSONObject? {
        var content = content
        var isChanged = false
        for member in content.members {
            guard let rooms = member.value.arrayValue, rooms.contains(.string(old.rawValue)),
                !rooms.contains(.string(new.rawValue))
            else { continue }
            content[member.key] = .array(rooms + [.string(new.rawValue)])
            isChanged = true
        }
        return isChanged ? content : nil
    }
}
