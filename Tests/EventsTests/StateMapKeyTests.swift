import Events
import Testing

@Suite struct StateMapKeyTests {
    @Test func keysCompareByBytes() {
        let composed = StateMapKey(type: "t", stateKey: "\u{e9}")
        let decomposed = StateMapKey(type: "t", stateKey: "e\u{301}")
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
        #expect(decomposed < composed)
    }

    @Test func typeAndStateKeyDoNotRunTogether() {
        #expect(StateMapKey(type: "ab", stateKey: "c") != StateMapKey(type: "a", stateKey: "bc"))
        #expect(StateMapKey(type: "a", stateKey: "z") < StateMapKey(type: "b", stateKey: "a"))
    }
}
