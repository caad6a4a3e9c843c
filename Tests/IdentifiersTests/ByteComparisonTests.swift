import Identifiers
import Testing

/// Swift's `String` merges canonically equivalent texts and sorts by characters; identifiers must not.
@Suite struct ByteComparisonTests {
    private let composed = "\u{e9}"
    private let decomposed = "e\u{301}"

    @Test func canonicallyEquivalentIDsAreTwo() throws {
        #expect(composed == decomposed, "as Swift sees it")
        let one = try #require(UserID("@\(composed):a"))
        let two = try #require(UserID("@\(decomposed):a"))
        #expect(one != two)
        #expect(Set([one, two]).count == 2)
        #expect([one: 1, two: 2][two] == 2)
        #expect(RoomID("!\(composed)") != RoomID("!\(decomposed)"))
        #expect(EventID("$\(composed)") != EventID("$\(decomposed)"))
        #expect(RoomAlias("#\(composed):a") != RoomAlias("#\(decomposed):a"))
        #expect(DeviceID(composed) != DeviceID(decomposed))
        #expect(ByteOrderedText(composed) != ByteOrderedText(decomposed))
    }

    @Test func equalBytesAreEqualWhateverTheStorage() {
        let literal = ByteOrderedText("abc\(composed)")
        let sliced = ByteOrderedText(String("xxabc\(composed)yy".dropFirst(2).dropLast(2)))
        #expect(literal == sliced)
        #expect(literal.hashValue == sliced.hashValue)
    }

    @Test func orderIsByCodePoint() {
        // By UTF-16, as in many languages, the last two would change places.
        let sorted = ["", "A", "Z", "a", "a\u{0}", "aa", decomposed, composed, "\u{ff5e}", "\u{1f600}"]
        let texts = sorted.map { ByteOrderedText($0) }
        #expect(texts.reversed().sorted() == texts)
        #expect(texts.shuffled().sorted().map { Array($0.utf8) } == sorted.map { Array($0.utf8) })
    }
}
