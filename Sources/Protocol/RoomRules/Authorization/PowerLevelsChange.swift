import CanonicalJSON
import Identifiers

/// The difference of two power levels events, judged against the level of who makes it.
struct PowerLevelsChange {
    let current: JSONObject
    let new: JSONObject
    /// The sender's current level.
    let limit: Int64
    let rules: RoomVersionRules

    func checkNamed(_ key: String) throws(AuthRule) {
        guard let (old, new) = difference(current[key], new[key]) else { return }
        if let old, old > limit { throw .levelCurrentAbove }
        if let new, new > limit { throw .levelNewAbove }
    }

    func checkEntries(_ map: String) throws(AuthRule) {
        for (old, new) in changes(map).values {
            if let old, old > limit { throw .entryCurrentAbove }
            if let new, new > limit { throw .entryNewAbove }
        }
    }

    func checkUsers(sender: UserID) throws(AuthRule) {
        let own = ByteOrderedText(sender.rawValue)
        for (user, (old, new)) in changes("users").pairs {
            if let old, old >= limit, user != own { throw .userCurrentNotBelow }
            if let new, new > limit { throw .userNewAbove }
        }
    }

    private typealias Levels = (old: Int64?, new: Int64?)

    private struct Changes {
        var pairs: [(ByteOrderedText, Levels)] = []
        var values: [Levels] { pairs.map(\.1) }
    }

    /// Entries added, changed or removed.
    private func changes(_ map: String) -> Changes {
        let before = current[map]?.objectValue ?? JSONObject()
        let after = new[map]?.objectValue ?? JSONObject()
        var changes = Changes()
        for member in before.members {
            guard let levels = difference(member.value, after[member.key]) else { continue }
            changes.pairs.append((ByteOrderedText(member.key), levels))
        }
        for member in after.members where before[member.key] == nil {
            guard let levels = difference(nil, member.value) else { continue }
            changes.pairs.append((ByteOrderedText(member.key), levels))
        }
        return changes
    }

    /// `nil` when both are absent or the same level.
    private func difference(_ old: JSONValue?, _ new: JSONValue?) -> Levels? {
        let before = old.flatMap { PowerLevelValue.parse($0, rules: rules) }
        let after = new.flatMap { PowerLevelValue.parse($0, rules: rules) }
        return before == after ? nil : (before, after)
    }
}
