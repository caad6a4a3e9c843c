/// Some of the state sets that are resolved, by their numbers; with thousands of sets, bits instead of lists.
struct StateSetMask {
    private(set) var words: [UInt64]
    private let count: Int

    /// No set of `count`.
    init(count: Int) {
        self.count = count
        words = Array(repeating: 0, count: Self.wordCount(count))
    }

    static func wordCount(_ count: Int) -> Int { (count + 63) / 64 }

    mutating func insert(_ number: Int) { words[number / 64] |= 1 << UInt64(number % 64) }

    /// All sets that are not in this one.
    var inverted: StateSetMask {
        var mask = self
        for index in words.indices {
            let bits = min(64, count - index * 64)
            mask.words[index] = ~words[index] & (bits == 64 ? .max : (1 << UInt64(bits)) - 1)
        }
        return mask
    }
}
