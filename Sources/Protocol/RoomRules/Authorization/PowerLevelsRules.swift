import CanonicalJSON
import Events
import Identifiers

extension AuthContext {
    private static let named = [
        "users_default", "events_default", "state_default", "ban", "redact", "kick", "invite",
    ]

    /// The rules of `m.room.power_levels`: nobody touches a level above their own.
    func checkPowerLevels(senderLevel: Int64) throws(AuthRule) {
        try checkLevelTypes(event.content)
        guard let current = levelsEvent?.content else { return }
        let change = PowerLevelsChange(current: current, new: event.content, limit: senderLevel, rules: rules)
        for key in Self.named { try change.checkNamed(key) }
        try change.checkEntries("events")
        if rules.limitsNotificationLevels { try change.checkEntries("notifications") }
        try change.checkUsers(sender: event.sender)
    }

    private func checkLevelTypes(_ content: JSONObject) throws(AuthRule) {
        if rules.powerLevelsAreIntegers {
            for key in Self.named {
                if let value = content[key], value.intValue == nil { throw .levelsNotIntegers }
            }
            for key in ["events", "notifications"] {
                guard let value = content[key] else { continue }
                guard let map = value.objectValue, map.members.allSatisfy({ $0.value.intValue != nil }) else {
                    throw .levelMapsNotIntegers
                }
            }
        }
        guard let value = content["users"] else { return }
        guard let users = value.objectValue else { throw .levelUsersInvalid }
        for member in users.members {
            guard UserID(member.key) != nil, PowerLevelValue.parse(member.value, rules: rules) != nil else {
                throw .levelUsersInvalid
            }
        }
        guard rules.creatorsAreInfinitelyPowerful else { return }
        for key in users.keys where create.isCreator(key, rules: rules) { throw .levelOfCreator }
    }
}
