import CanonicalJSON
import Events
import Identifiers
import RoomRules
import WorkerContracts

/// Makes the events of a room that replaces another (spec v1.19, "Room Upgrades", "Server behaviour"); pure.
package struct ReplacementEvents {
    /// The state that is the same in the new room; what other servers' users say of themselves is not.
    private static let copiedTypes = [
        "m.room.server_acl", "m.room.encryption", "m.room.name", "m.room.avatar", "m.room.topic",
        "m.room.guest_access", "m.room.history_visibility", "m.room.canonical_alias", "m.room.policy",
    ]
    /// The level of those who were above all levels, where there is no such thing.
    static let creatorLevel: Int64 = 100

    /// What has to be known of the old room.
    static var carriedKeys: [StateMapKey] {
        [.create, .powerLevels, .joinRules] + copiedTypes.map { StateMapKey(type: $0, stateKey: "") }
    }

    let old: RoomID
    let oldVersion: RoomVersion
    let version: RoomVersion
    let creator: UserID
    let additionalCreators: [UserID]
    let lastEvent: EventID?
    /// The creator's `displayname` and `avatar_url`.
    let profile: JSONObject
    /// The old room's, under ``carriedKeys``.
    let current: [StateMapKey: Event]
    /// The old room's `m.space.child` events.
    let children: [Event]

    package init(
        old: RoomID, oldVersion: RoomVersion, version: RoomVersion, creator: UserID, additionalCreators: [UserID],
        lastEvent: EventID?, profile: JSONObject, current: [StateMapKey: Event], children: [Event]
    ) {
        self.old = old
        self.oldVersion = oldVersion
        self.version = version
        self.creator = creator
        self.additionalCreators = additionalCreators
        self.lastEvent = lastEvent
        self.profile = profile
        self.current = current
        self.children = children
    }

    /// The content of `m.room.create`: the old one's, but for what the server says itself.
    package var createContent: JSONObject {
        var content = current[.create]?.content ?? JSONObject()
        content["room_version"] = .string(version.name)
        content["creator"] = version.rules.createContentHasCreator ? .string(creator.rawValue) : nil
        content["additional_creators"] = nil
        if version.rules.creatorsAreInfinitelyPowerful, !additionalCreators.isEmpty {
            content["additional_creators"] = .array(additionalCreators.map { .string($0.rawValue) })
        }
        var predecessor: JSONObject = ["room_id": .string(old.rawValue)]
        predecessor["event_id"] = lastEvent.map { .string($0.rawValue) }
        content["predecessor"] = .object(predecessor)
        return content
    }

    /// Everything between the create event and the bans.
    package var carriedState: [EventDraft] {
        var member = profile
        member["membership"] = "join"
        let copied = Self.copiedTypes.compactMap { type -> EventDraft? in
            guard let content = carried(type), !content.isEmpty else { return nil }
            return draft(type, "", content)
        }
        return [draft("m.room.member", creator.rawValue, member)] + copied
            + children.compactMap { event in event.stateKey.map { draft(event.type, $0, event.content) } }
    }

    /// What opens the room: power levels and join rules.
    package var access: [EventDraft] {
        [draft("m.room.power_levels", "", powerLevels)]
            + [carried("m.room.join_rules")].compactMap { $0 }.map { draft("m.room.join_rules", "", $0) }
    }

    /// Levels at which the old room's members can neither write nor invite.
    package static func silenced(_ levels: JSONObject) -> JSONObject {
        var levels = levels
        let quiet = max(50, min(level(levels["users_default"]) ?? 0, JSONValue.canonicalIntegerMax - 1) + 1)
        for key in ["events_default", "invite"] { levels[key] = .int(max(quiet, level(levels[key]) ?? 0)) }
        return levels
    }

    private func carried(_ type: String) -> JSONObject? {
        current[StateMapKey(type: type, stateKey: "")]?.content
    }

    private func draft(_ type: String, _ stateKey: String, _ content: JSONObject) -> EventDraft {
        EventDraft(type: type, stateKey: stateKey, sender: creator, content: content)
    }

    // MARK: Power levels

    package var powerLevels: JSONObject {
        var content = JSONObject()
        for member in (current[.powerLevels]?.content ?? JSONObject()).members {
            content[member.key] = Self.integers(member.value)
        }
        var users = content["users"]?.objectValue ?? JSONObject()
        if version.rules.creatorsAreInfinitelyPowerful {
            for user in [creator] + additionalCreators { users[user.rawValue] = nil }
            placeTombstones(&content)
        } else {
            for user in formerCreators where users[user.rawValue] == nil {
                users[user.rawValue] = .int(Self.creatorLevel)
            }
        }
        content["users"] = .object(users)
        return content
    }

    /// Those who stood above the old room's levels without being listed in them.
    private var formerCreators: [UserID] {
        guard let create = current[.create] else { return [creator] }
        guard oldVersion.rules.creatorsAreInfinitelyPowerful else {
            return current[.powerLevels] == nil ? [creator] : []
        }
        let others = create.content["additional_creators"]?.arrayValue ?? []
        return [create.sender] + others.compactMap { $0.stringValue.flatMap { UserID($0) } }
    }

    /// From version 12 on replacing a room needs more than its other state, unless the room says what it needs.
    private func placeTombstones(_ content: inout JSONObject) {
        var events = content["events"]?.objectValue ?? JSONObject()
        guard events["m.room.tombstone"] == nil else { return }
        let stateDefault = min(Self.level(content["state_default"]) ?? 50, JSONValue.canonicalIntegerMax - 1)
        events["m.room.tombstone"] = .int(max(150, stateDefault + 1))
        content["events"] = .object(events)
    }

    /// The same with levels that old rooms may have as text made numbers; `nil` for what is neither.
    private static func integers(_ value: JSONValue) -> JSONValue? {
        guard let object = value.objectValue else { return level(value).map(JSONValue.int) }
        var whole = JSONObject()
        for member in object.members { whole[member.key] = level(member.value).map(JSONValue.int) }
        return .object(whole)
    }

    private static func level(_ value: JSONValue?) -> Int64? {
        switch value {
        case .int(let level)?: level
        case .string(let text)?: Int64(text.filter { !$0.isWhitespace })
        case .double(let level)?: Int64(exactly: level.rounded(.towardZero))
        default: nil
        }
    }
}
