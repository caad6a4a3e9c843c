import CanonicalJSON
import Identifiers
import PushRules
import Storage

// Stored is what somebody has changed, and told is the whole: with the rules that everybody has, also to those who have
// changed nothing.

extension Array<AccountDataItem> {
    /// The same with push rules as clients are told them.
    ///
    /// - Parameter isFirst: the client has been told of none yet.
    func withPushRules(of user: UserID, isFirst: Bool) throws -> [AccountDataItem] {
        var items = self
        let index = items.firstIndex {
            $0.room == nil && $0.type.utf8.elementsEqual(PushRuleDocument.accountDataType.utf8)
        }
        guard index != nil || isFirst else { return items }
        let stored = try index.flatMap { items[$0].content }.map { try JSONObject.parse($0) }
        let whole = AccountDataItem(
            room: nil, type: PushRuleDocument.accountDataType, content: PushRuleDocument(stored, of: user).json.bytes(),
            position: index.map { items[$0].position } ?? .zero)
        if let index { items[index] = whole } else { items.append(whole) }
        return items
    }
}
