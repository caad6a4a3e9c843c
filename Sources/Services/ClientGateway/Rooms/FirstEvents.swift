import CanonicalJSON
import Identifiers
import RoomRules
import WorkerContracts

// The events of a new room in the order the specification gives (v1.19, client-server API, "Creation"): create, the
// creator's join, power levels, canonical alias, the preset's, initial_state, name and topic, invites.

/// Makes the events a new room starts with; pure.
package struct FirstEvents {
    let request: CreateRoomRequest
    let creator: UserID
    /// The alias reserved for the room.
    let alias: RoomAlias?
    /// `displayname` and `avatar_url` of the creator and of the invited users of this server.
    let profiles: [UserID: JSONObject]

    package init(
        request: CreateRoomRequest, creator: UserID, alias: RoomAlias?, profiles: [UserID: JSONObject]
    ) {
        self.request = request
        self.creator = creator
        self.alias = alias
        self.profiles = profiles
    }

    private var rules: RoomVersionRules { request.version.rules }

    /// Creators other than the caller: asked for, and in a trusted private chat also the invited.
    var additionalCreators: [UserID] {
        var all = request.additionalCreators
        if request.preset == .trustedPrivateChat { all += request.invites.filter { !all.contains($0) } }
        return all.filter { $0 != creator }
    }

    /// The content of `m.room.create`; `creator`, `room_version` and the creators are the server's to say.
    package var createContent: JSONObject {
        var content = request.creationContent
        content["room_version"] = .string(request.version.name)
        content["creator"] = rules.createContentHasCreator ? .string(creator.rawValue) : nil
        if rules.creatorsAreInfinitelyPowerful {
            let creators = additionalCreators
            content["additional_creators"] =
                creators.isEmpty ? nil : .array(creators.map { .string($0.rawValue) })
        }
        return content
    }

    /// Everything after the create event up to the invites.
    package var afterCreate: [EventDraft] {
        var drafts = [state("m.room.member", creator.rawValue, membership("join", of: creator))]
        drafts.append(state("m.room.power_levels", "", powerLevels))
        if let alias { drafts.append(state("m.room.canonical_alias", "", ["alias": .string(alias.rawValue)])) }
        drafts += presetEvents
        drafts += initialState
        if let name = request.name { drafts.append(state("m.room.name", "", ["name": .string(name)])) }
        if let topic = request.topic { drafts.append(state("m.room.topic", "", Self.topicContent(topic))) }
        return drafts
    }

    package var invites: [EventDraft] {
        request.invites.filter { $0 != creator }.map { invited in
            var content = membership("invite", of: invited)
            if request.isDirect { content["is_direct"] = true }
            return state("m.room.member", invited.rawValue, content)
        }
    }

    /// A draft of a state event by the creator.
    func state(_ type: String, _ stateKey: String, _ content: JSONObject) -> EventDraft {
        EventDraft(type: type, stateKey: stateKey, sender: creator, content: content)
    }

    private func membership(_ membership: String, of user: UserID) -> JSONObject {
        var content = profiles[user] ?? JSONObject()
        content["membership"] = .string(membership)
        return content
    }

    private var powerLevels: JSONObject {
        var users = JSONObject()
        if !rules.creatorsAreInfinitelyPowerful {
            users[creator.rawValue] = 100
            if request.preset == .trustedPrivateChat {
                for invited in request.invites { users[invited.rawValue] = 100 }
            }
        }
        var content: JSONObject = [
            "users": .object(users), "users_default": 0, "events_default": 0, "state_default": 50,
            "ban": 50, "kick": 50, "redact": 50, "invite": .int(request.preset.inviteLevel), "historical": 100,
            "events": [
                "m.room.name": 50, "m.room.avatar": 50, "m.room.canonical_alias": 50, "m.room.power_levels": 100,
                "m.room.history_visibility": 100, "m.room.server_acl": 100, "m.room.encryption": 100,
            ],
        ]
        for member in request.powerLevelOverride.members { content[member.key] = member.value }
        placeTombstones(&content)
        return content
    }

    /// Says what replacing the room needs: from version 12 on more than all state, so that it is for the creators.
    ///
    /// That holds also when the request has levels of its own (spec v1.19), unless it names this one.
    private func placeTombstones(_ content: inout JSONObject) {
        // What is of another type is left to the room's rules to refuse.
        guard var events = content["events"]?.objectValue, events["m.room.tombstone"] == nil else { return }
        guard rules.creatorsAreInfinitelyPowerful || request.powerLevelOverride["events"] == nil else { return }
        let stateDefault = content["state_default"]?.intValue ?? 50
        let above = max(150, min(stateDefault, JSONValue.canonicalIntegerMax - 1) + 1)
        events["m.room.tombstone"] = .int(rules.creatorsAreInfinitelyPowerful ? above : 100)
        content["events"] = .object(events)
    }

    private var presetEvents: [EventDraft] {
        let events = [
            state("m.room.join_rules", "", ["join_rule": .string(request.preset.joinRule)]),
            state("m.room.history_visibility", "", ["history_visibility": .string(request.preset.historyVisibility)]),
            state("m.room.guest_access", "", ["guest_access": .string(request.preset.guestAccess)]),
        ]
        return events.filter { draft in !request.initialState.contains { Self.isSame($0, draft.type, "") } }
    }

    /// What `name` and `topic` overwrite is left out.
    private var initialState: [EventDraft] {
        request.initialState.filter { event in
            !(request.name != nil && Self.isSame(event, "m.room.name", ""))
                && !(request.topic != nil && Self.isSame(event, "m.room.topic", ""))
        }.map { state($0.type, $0.stateKey, $0.content) }
    }

    private static func isSame(_ event: CreateRoomRequest.StateEvent, _ type: String, _ stateKey: String) -> Bool {
        event.type.utf8.elementsEqual(type.utf8) && event.stateKey.utf8.elementsEqual(stateKey.utf8)
    }

    private static func topicContent(_ topic: String) -> JSONObject {
        ["topic": .string(topic), "m.topic": ["m.text": [["body": .string(topic)]]]]
    }
}
