import CanonicalJSON
import Identifiers

// Most people change nothing, or mute a room, or want only mentions in one. What they have not read can be counted by
// subtraction like everybody's. Whoever wants to hear of certain words, or changes what everybody has, cannot be counted
// so: then each event has to be looked at.

/// In what a user's rules differ from everybody's, as far as counting goes.
struct PushRuleShape: Sendable {
    private var isSilenced = false
    /// Rules that may concern any event.
    private var isOwn = false
    /// Rooms for which nothing before decides anything, and whether they notify.
    private var overriddenRooms: [ByteOrderedText: Bool] = [:]
    private var rooms: [ByteOrderedText: PushActions] = [:]

    init(_ document: PushRuleDocument, of user: UserID) {
        for rule in document[.override] where rule["enabled"]?.boolValue ?? true {
            let name = PushRuleDocument.name(of: rule)
            if PushRuleDocument.isDefault(name) { continue }
            let actions = PushActions(rule["actions"]?.arrayValue ?? [])
            if let room = Self.onlyRoom(of: rule) {
                if !isOwn, overriddenRooms[room] == nil { overriddenRooms[room] = actions.notifies }
            } else {
                isOwn = true
            }
        }
        for kind in PushRuleKind.allCases { note(document[kind], DefaultPushRules.rules(kind, of: user)) }
        for kind in [PushRuleKind.content, .sender] where document[kind].contains(where: Self.isEnabled) {
            isOwn = true
        }
        if document[.underride].contains(where: { rule in
            Self.isEnabled(rule) && !PushRuleDocument.isDefault(PushRuleDocument.name(of: rule))
        }) {
            isOwn = true
        }
        for rule in document[.room] where Self.isEnabled(rule) {
            let room = ByteOrderedText(PushRuleDocument.name(of: rule))
            if rooms[room] == nil { rooms[room] = PushActions(rule["actions"]?.arrayValue ?? []) }
        }
    }

    /// Notes what the user has made of the rules that everybody has; how a notification sounds does not matter.
    private mutating func note(_ rules: [JSONObject], _ defaults: [JSONObject]) {
        for rule in rules {
            let name = PushRuleDocument.name(of: rule)
            guard let usual = defaults.first(where: { PushRuleDocument.name(of: $0).utf8.elementsEqual(name.utf8) })
            else { continue }
            if name.utf8.elementsEqual(DefaultPushRules.master.utf8) {
                guard Self.isEnabled(rule) else { continue }
                if PushActions(rule["actions"]?.arrayValue ?? []).notifies { isOwn = true } else { isSilenced = true }
                continue
            }
            let (now, before) = (
                PushActions(rule["actions"]?.arrayValue ?? []), PushActions(usual["actions"]?.arrayValue ?? [])
            )
            if !Self.isEnabled(rule) || now.notifies != before.notifies || now.isHighlight != before.isHighlight {
                isOwn = true
            }
        }
    }

    func counting(in room: RoomID) -> PushCounting {
        if isSilenced { return .nothing }
        if let notifies = overriddenRooms[room.text] { return notifies ? .oneByOne : .nothing }
        if isOwn { return .oneByOne }
        guard let actions = rooms[room.text] else { return .usual }
        if actions.isHighlight { return .oneByOne }
        return actions.notifies ? .oneByOne : .highlightsOnly
    }

    private static func isEnabled(_ rule: JSONObject) -> Bool { rule["enabled"]?.boolValue ?? true }

    /// The room that is all a rule asks for.
    private static func onlyRoom(of rule: JSONObject) -> ByteOrderedText? {
        guard let conditions = rule["conditions"]?.arrayValue, conditions.count == 1, let only = conditions.first,
            only["kind"] == "event_match", only["key"] == "room_id", let pattern = only["pattern"]?.stringValue,
            !pattern.utf8.contains(UInt8(ascii: "*")), !pattern.utf8.contains(UInt8(ascii: "?"))
        else { return nil }
        return ByteOrderedText(pattern)
    }
}
