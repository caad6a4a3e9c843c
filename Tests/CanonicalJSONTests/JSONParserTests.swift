import CanonicalJSON
import Testing

@Suite struct JSONParserTests {
    private static let malformed = [
        "", " ", "{", "}", "[1,]", "{\"a\":}", "{\"a\":1,}", "{a:1}", "'a'", "01", "+1", ".5", "1.", "NaN", "Infinity",
        "1e999", "nul", "{} {}", "[1] 2", "\"\u{1}\"", "\"abc", "\u{FEFF}{", "[1 2]", "{\"a\" 1}", "\"\\x\"",
        // Lone surrogates, in the three ways there are.
        #""\uD800""#, #""\uDC00""#, #""\uD800\u0041""#,
    ]

    @Test(arguments: malformed)
    func malformedIsRefused(text: String) {
        #expect(
            performing: {
                try JSONValue.parse(text.utf8)
            },
            throws: { error in
                guard case .malformed = error as? JSONError else { return false }
                return true
            })
    }

    private static let badUTF8: [[UInt8]] = [
        [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xE2, 0x82, 0x22],
    ]

    @Test(arguments: badUTF8)
    func badUTF8IsRefused(bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSONValue.parse(bytes) }
    }

    @Test func scalarsAreKeptApart() throws {
        #expect(
            try JSONValue.parse("[1,1.0,true,null,\"1\",9223372036854775807,18446744073709551615]".utf8)
                == [1, .double(1), true, nil, "1", .int(.max), .double(18_446_744_073_709_551_616)])
    }

    @Test func nulInStringsIsKept() throws {
        #expect(try JSONValue.parse(#""a\u0000b""#.utf8).stringValue.map { Array($0.utf8) } == [0x61, 0, 0x62])
    }

    @Test func duplicateKeysAreRefused() {
        #expect(throws: JSONError.duplicateKey("a")) { try JSONValue.parse(#"{"a":1,"b":2,"a":3}"#.utf8) }
        #expect(throws: JSONError.duplicateKey("a")) { try JSONValue.parse(#"[{"x":{"a":1,"\u0061":1}}]"#.utf8) }
    }

    @Test func canonicallyEquivalentKeysAreTwo() throws {
        let object = try JSONObject.parse("{\"\u{e9}\":1,\"e\u{301}\":2}".utf8)
        #expect(object.count == 2)
        #expect(object["\u{e9}"] == 1)
        #expect(object["e\u{301}"] == 2)
        #expect(JSONValue.string("\u{e9}") != JSONValue.string("e\u{301}"))
    }

    @Test func depthIsAcceptedUpToItsLimit() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array(
                (String(repeating: "[{\"a\":", count: depth / 2) + "[]" + String(repeating: "}]", count: depth / 2))
                    .utf8)
        }
        let deepest = nested(JSONLimits.depthMaxDefault - 2)
        let value = try JSONValue.parse(deepest)
        #expect(value.bytes() == deepest)
        #expect(throws: JSONError.tooDeep) { try JSONValue.parse(nested(JSONLimits.depthMaxDefault)) }
        #expect(throws: JSONError.tooDeep) { try JSONValue.parse(nested(100_000)) }
        #expect(throws: JSONError.tooDeep) { try JSONValue.parse("[[[]]]".utf8, limits: JSONLimits(depthMax: 2)) }
        #expect(try JSONValue.parse("[[]]".utf8, limits: JSONLimits(depthMax: 2)) == [[]])
    }

    @Test func lengthIsAcceptedUpToItsLimit() throws {
        let limits = JSONLimits(bytesMax: 10)
        #expect(try JSONValue.parse(#""12345678""#.utf8, limits: limits) == "12345678")
        #expect(throws: JSONError.tooLarge) { try JSONValue.parse(#""123456789""#.utf8, limits: limits) }
    }

    @Test func sparseCollectionsParseToo() throws {
        #expect(try JSONValue.parse("  [1] ".utf8.filter { $0 != 0x20 }) == [1])
        #expect(try JSONValue.parse(AnyCollection("[1]".utf8)) == [1])
    }

    @Test func onlyAnObjectIsAnObject() {
        #expect(throws: JSONError.malformed("not an object")) { try JSONObject.parse("[]".utf8) }
    }

    @Test func aLargeDocumentComesBackWhole() throws {
        let value = JSONValue.array((0..<50_000).map { .object(["n": .int($0), "s": .string("text \($0)")]) })
        #expect(try JSONValue.parse(value.bytes()) == value)
        #expect(try JSONValue.parse("[1]".utf8) == [1])
    }
}
