import Identifiers
import Testing

@Suite struct GlobTests {
    @Test(arguments: [
        ("*", ""), ("*", "a"), ("", ""), ("a?c", "abc"), ("*.example", "x.y.example"), ("a*b*c", "aXbYbZc"),
        ("**", "a"), ("a*", "a"), ("*ü", "fü"), ("evil.*", "evil.com"),
    ]) func theWholeTextFits(pattern: String, text: String) {
        #expect(Glob(pattern).matches(text))
    }

    @Test(arguments: [
        ("", "a"), ("?", ""), ("a", "A"), ("a?c", "ac"), ("*.example", "example"), ("a*b", "abc"), ("e\u{301}", "é"),
    ]) func aPartOrAnotherTextDoesNot(pattern: String, text: String) {
        #expect(!Glob(pattern).matches(text))
    }

    @Test func manyStarsDoNotTakeForEver() {
        let pattern = String(repeating: "a*", count: 200) + "b"
        #expect(!Glob(pattern).matches(String(repeating: "a", count: 5_000)))
    }
}
