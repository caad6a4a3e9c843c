import PushRules
import Testing

@Suite struct TextGlobTests {
    @Test(arguments: [
        ("lunc?*", "Lunch plans", true), ("lunc?*", "LUNCH", true), ("lunc?*", " lunch", false),
        ("lunc?*", "lunc", false), ("", "", true), ("", "a", false), ("*", "", true), ("*", "anything", true),
        ("a*b*c", "aXbYc", true), ("a*b*c", "abc", true), ("a*b*c", "acb", false), ("?", "é", true),
        ("**a**", "bab", true), ("É", "é", true), ("a.c", "abc", false),
    ])
    func wholeValuesFit(pattern: String, text: String, expected: Bool) {
        #expect(TextGlob(pattern).matches(text) == expected)
    }

    @Test(arguments: [
        ("ex*ple", "An example event.", true), ("ex*ple", "exple", true),
        ("ex*ple", "An exciting triple-whammy", true), ("cake", "cakes", false), ("cake", "a cake!", true),
        ("cake", "CAKE", true), ("cake", "pancake", false), ("cake", "pan-cake", true), ("cake", "cake_", false),
        ("@room", "hi @room", true), ("c?ke", "the coke is", true), ("a b", "x a b y", true), ("a*", "b", false),
        ("", "anything", true), ("tea", "steam", false), ("*tea", "steam", false), ("*tea*", "steam", true),
        ("ünïcode", "das ist ÜNÏCODE hier", true),
    ])
    func wordsInATextFit(pattern: String, text: String, expected: Bool) {
        #expect(TextGlob(pattern).matchesWords(in: text) == expected)
    }

    @Test func patternsLongerThanAMachineWordFit() {
        let long = String(repeating: "ab", count: 100)
        #expect(TextGlob("\(long)*\(long)").matches("\(long)-\(long)"))
        #expect(!TextGlob("\(long)*\(long)").matches("\(long)-\(long.dropLast())"))
        #expect(TextGlob(long).matchesWords(in: "x \(long) y"))
    }

    /// What backtracking would take for ever over takes as long as the text.
    @Test func aPatternOfManyStarsIsNoTrap() {
        let pattern = String(repeating: "a*", count: 100) + "b"
        let text = String(repeating: "a", count: 60_000)
        let began = ContinuousClock.now
        #expect(!TextGlob(pattern).matches(text))
        #expect(!TextGlob(pattern).matchesWords(in: text))
        #expect(ContinuousClock.now - began < .seconds(5))
    }
}
