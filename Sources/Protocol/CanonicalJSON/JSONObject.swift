/// A JSON object: members sorted by the bytes of their keys, each key once.
public struct JSONObject: Sendable, Equatable {
    public struct Member: Sendable, Equatable {
        public let key: String
        public var value: JSONValue

        public static func == (left: Member, right: Member) -> Bool {
            left.key.utf8.elementsEqual(right.key.utf8) && left.value == right.value
        }
    }

    public private(set) var members: [Member]

    public init() { members = [] }

    /// Makes an object of `pairs`; of members with the same key the last one stays.
    public init(_ pairs: [(String, JSONValue)]) {
        self.init()
        for (key, value) in pairs { self[key] = value }
    }

    /// Makes an object of members that are sorted by key bytes already, without duplicates.
    package init(sortedMembers: [Member]) { members = sortedMembers }

    public var isEmpty: Bool { members.isEmpty }
    public var count: Int { members.count }
    public var keys: [String] { members.map(\.key) }

    /// The value of `key`; setting `nil` removes the member.
    public subscript(key: String) -> JSONValue? {
        get {
            let index = lowerBound(of: key)
            guard index < members.count, members[index].key.utf8.elementsEqual(key.utf8) else { return nil }
            return members[index].value
        }
        set {
            let index = lowerBound(of: key)
            let found = index < members.count && members[index].key.utf8.elementsEqual(key.utf8)
            switch (found, newValue) {
            case (true, let value?): members[index].value = value
            case (true, nil): members.remove(at: index)
            case (false, let value?): members.insert(Member(key: key, value: value), at: index)
            case (false, nil): break
            }
        }
    }

    private func lowerBound(of key: String) -> Int {
        var low = 0
        var high = members.count
        while low < high {
            let middle = (low + high) / 2
            if members[middle].key.utf8.lexicographicallyPrecedes(key.utf8) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSONValue)...) { self.init(elements) }
}
