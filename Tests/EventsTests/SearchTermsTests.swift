import Events
import Testing

@Suite struct SearchTermsTests {
    @Test(arguments: [
        ("Hello, World!", "hello:1 world:2"), ("a-b_c", "a:1 b:2 c:3"), ("北京烤", "北京:1 京烤:2 烤:3"),
        ("go北京now", "go:1 北京:2 京:3 now:4"), ("it's 'quoted' \\ : & |", "it:1 s:2 quoted:3"), ("", ""),
        ("\u{0}a\u{0}", "a:1"), ("ÜBER", "über:1"), ("ㄅㄆㄇ", "ㄅㄆ:1 ㄆㄇ:2 ㄇ:3"),
    ]) func textsAreSplitIntoTheirTerms(text: String, vector: String) {
        #expect(SearchTerms(text).vector.utf8.elementsEqual(vector.utf8))
    }

    @Test(arguments: [
        ("Hello World", "hello & world"), ("北京烤", "(北京 <-> 京烤)"), ("京", "京:*"), ("!?", ""),
        ("swift 北京", "swift & (北京)"),
    ]) func queriesAskForAllTerms(text: String, query: String) {
        #expect(SearchTerms(text).query.utf8.elementsEqual(query.utf8))
    }

    @Test func termsAreBounded() {
        let words = Array(repeating: "word", count: SearchTerms.termsMax + 10).joined(separator: " ")
        #expect(SearchTerms(words).vector.split(separator: " ").count == SearchTerms.termsMax)
        let long = SearchTerms(String(repeating: "a", count: 10_000)).vector
        #expect(long.utf8.count <= SearchTerms.termBytesMax + 2)
        let asked = SearchTerms(words).query.split(separator: "&").count
        #expect(asked == SearchTerms.queryRunsMax)
    }
}
