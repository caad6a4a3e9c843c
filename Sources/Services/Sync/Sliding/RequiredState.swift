import CanonicalJSON
import Events
import Identifiers
import RoomReading

// Two forms of requests say which state they want in different ways, several lists may want different state of one room,
// and what a connection was given has to be remembered. All of it is one thing: rules, of which any may want a key.

/// Which of a room's state a client wants (MSC4186, "RequiredStateRequest"); pure.
struct RequiredState: Sendable, Hashable {
    /// The most elements of one rule's lists.
    static let elementsMax = 200
    /// Keys that stand for nothing else than themselves.
    private static let memberType = ByteOrderedText("m.room.member")

    struct Element: Sendable, Hashable {
        /// `nil`: every type.
        var type: ByteOrderedText?
        /// `nil`: every state key.
        var stateKey: ByteOrderedText?

        func matches(_ key: StateMapKey) -> Bool {
            (type.map { $0 == ByteOrderedText(key.type) } ?? true)
                && (stateKey.map { $0 == ByteOrderedText(key.stateKey) } ?? true)
        }
    }

    struct Rule: Sendable, Hashable {
        var include: [Element]
        var exclude: [Element]
        /// Members are left to be loaded when they are needed, but for those that an element names by type.
        var lazyMembers: Bool

        func wants(_ key: StateMapKey) -> Bool {
            let isMember = lazyMembers && key.isType("m.room.member")
            return include.contains { (!isMember || $0.type != nil) && $0.matches(key) }
                && !exclude.contains { $0.matches(key) }
        }

        /// Whether it wants every key but members that are loaded when they are needed.
        var isEverything: Bool { exclude.isEmpty && include.contains(Element()) }
    }

    /// In an order of their own, each once.
    private(set) var rules: [Rule]

    init(_ rules: [Rule] = []) {
        self.rules = []
        for rule in rules where !self.rules.contains(rule) { self.rules.append(rule) }
    }

    func union(_ other: RequiredState) -> RequiredState { RequiredState(rules + other.rules) }

    func wants(_ key: StateMapKey) -> Bool { rules.contains { $0.wants(key) } }

    /// Whether the members that events need are wanted with them.
    var lazyMembers: Bool { rules.contains { $0.lazyMembers } && !wantsAllMembers }

    private var wantsAllMembers: Bool {
        rules.contains { rule in
            rule.exclude.isEmpty
                && rule.include.contains {
                    $0.stateKey == nil && ($0.type == Self.memberType || !rule.lazyMembers && $0.type == nil)
                }
        }
    }

    /// The whole state, in the bytes that everybody shares; `nil` when keys have to be chosen.
    var selection: StateSelection? {
        guard rules.contains(where: \.isEverything) else { return nil }
        if wantsAllMembers { return .all }
        let others = rules.flatMap(\.include).contains {
            $0 != Element() && $0.type.map { $0 == Self.memberType } ?? true
        }
        return others ? nil : .withoutMembers
    }

    /// The events of `tree` that are wanted.
    func events(of tree: StateTree) -> [EventID] {
        let elements = rules.flatMap(\.include)
        if elements.allSatisfy({ $0.type != nil && $0.stateKey != nil }) {
            var seen: Set<StateMapKey> = []
            return elements.compactMap { element in
                guard let type = element.type, let stateKey = element.stateKey else { return nil }
                let key = StateMapKey(type: type.string, stateKey: stateKey.string)
                return seen.insert(key).inserted && wants(key) ? tree[key] : nil
            }
        }
        var events: [EventID] = []
        tree.forEach { key, event in if wants(key) { events.append(event) } }
        return events
    }

    // MARK: As it is remembered

    /// The same for the same state wanted.
    var name: Int64 {
        // FNV-1a: names are compared within one connection only.
        json.bytes().reduce(Int64(bitPattern: 0xcbf2_9ce4_8422_2325)) { hash, byte in
            (hash ^ Int64(byte)) &* 0x0100_0000_01b3
        }
    }

    var json: JSONValue {
        .array(
            rules.map { rule in
                [
                    "include": .array(rule.include.map(\.json)), "exclude": .array(rule.exclude.map(\.json)),
                    "lazy_members": .bool(rule.lazyMembers),
                ]
            })
    }

    /// Reads what ``json`` wrote; what does not read wants nothing, so that it is all sent again.
    init(stored: JSONValue?) {
        self.init(
            (stored?.arrayValue ?? []).map { rule in
                Rule(
                    include: (rule["include"]?.arrayValue ?? []).map { Element($0) },
                    exclude: (rule["exclude"]?.arrayValue ?? []).map { Element($0) },
                    lazyMembers: rule["lazy_members"]?.boolValue ?? false)
            })
    }
}

extension RequiredState.Element {
    init(_ json: JSONValue) {
        type = json["type"]?.stringValue.map { ByteOrderedText($0) }
        stateKey = json["state_key"]?.stringValue.map { ByteOrderedText($0) }
    }

    fileprivate var json: JSONValue {
        var object = JSONObject()
        object["type"] = type.map { .string($0.string) }
        object["state_key"] = stateKey.map { .string($0.string) }
        return .object(object)
    }
}
