import Identifiers

/// What a state event is filed under: its type and state key, compared and ordered by bytes.
public struct StateMapKey: Hashable, Comparable, Sendable, CustomStringConvertible {
    private let typeText: ByteOrderedText
    private let stateKeyText: ByteOrderedText

    public init(type: String, stateKey: String) {
        typeText = ByteOrderedText(type)
        stateKeyText = ByteOrderedText(stateKey)
    }

    public var type: String { typeText.string }
    public var stateKey: String { stateKeyText.string }
    public var description: String { "(\(type), \(stateKey))" }

    /// Whether the key is of `type`, compared by bytes.
    public func isType(_ type: String) -> Bool { typeText.utf8.elementsEqual(type.utf8) }

    public static func < (left: Self, right: Self) -> Bool {
        if left.typeText == right.typeText { return left.stateKeyText < right.stateKeyText }
        return left.typeText < right.typeText
    }

    public static let create = StateMapKey(type: "m.room.create", stateKey: "")
    public static let powerLevels = StateMapKey(type: "m.room.power_levels", stateKey: "")
    public static let guestAccess = StateMapKey(type: "m.room.guest_access", stateKey: "")
    public static let joinRules = StateMapKey(type: "m.room.join_rules", stateKey: "")
    /// Names the room's policy server.
    public static let policy = StateMapKey(type: "m.room.policy", stateKey: "")
    public static let historyVisibility = StateMapKey(type: "m.room.history_visibility", stateKey: "")

    /// The membership of `user`.
    public static func member(_ user: UserID) -> StateMapKey {
        StateMapKey(type: "m.room.member", stateKey: user.rawValue)
    }
}
