import CanonicalJSON
import Testing

/// Spec v1.19, appendices, "Canonical JSON": the examples, then what they leave open.
@Suite struct CanonicalFormTests {
    private static let specExamples: [(input: String, canonical: String)] = [
        ("{}", "{}"),
        (#"{ "one": 1, "two": "Two" }"#, #"{"one":1,"two":"Two"}"#),
        (#"{ "b": "2", "a": "1" }"#, #"{"a":"1","b":"2"}"#),
        (#"{"b":"2","a":"1"}"#, #"{"a":"1","b":"2"}"#),
        (
            #"""
            {"auth": {"success": true, "mxid": "@john.doe:example.com", "profile": {"display_name": "John Doe",
            "three_pids": [{"medium": "email", "address": "john.doe@example.org"},
            {"medium": "msisdn", "address": "123456789"}]}}}
            """#,
            #"{"auth":{"mxid":"@john.doe:example.com","profile":{"display_name":"John Doe","three_pids":["#
                + #"{"address":"john.doe@example.org","medium":"email"},"#
                + #"{"address":"123456789","medium":"msisdn"}]},"success":true}}"#
        ),
        (#"{"a": "日本語"}"#, #"{"a":"日本語"}"#),
        (#"{"本": 2, "日": 1}"#, #"{"日":1,"本":2}"#),
        (#"{"a": "\u65E5"}"#, #"{"a":"日"}"#),
        (#"{"a": null}"#, #"{"a":null}"#),
        (#"{"a": -0, "b": 1e10}"#, #"{"a":0,"b":10000000000}"#),
    ]

    @Test(arguments: specExamples)
    func specExampleHasItsCanonicalForm(input: String, canonical: String) throws {
        let value = try JSONValue.parse(Array(input.utf8)).makingIntegralFloatsIntegers()
        #expect(String(decoding: try value.canonicalBytes(), as: UTF8.self) == canonical)
    }

    @Test func keysSortByCodePoint() throws {
        // U+FF5E sorts before U+1F600 by code point, after it by UTF-16 unit; a10 before a9; capitals first.
        let text = #"{"😀":1,"～":2,"a9":3,"a10":4,"_":5,"Z":6,"":7,"\u00e9":8,"e\u0301":9}"#
        let keys = try JSONObject.parse(text.utf8).keys.map { Array($0.utf8) }
        #expect(keys == ["", "Z", "_", "a10", "a9", "e\u{301}", "\u{e9}", "～", "😀"].map { Array($0.utf8) })
    }

    @Test func stringsHaveTheShortestEscapes() throws {
        let text = #""\u0000\u0008\u0009\u000a\u000B\u000c\u000d\u001F\u007f\"\\\/\u2028\uD83D\uDE00""#
        let expected = #""\u0000\b\t\n\u000b\f\r\u001f"# + "\u{7f}" + #"\"\\/"# + "\u{2028}😀\""
        let value = try JSONValue.parse(text.utf8)
        #expect(String(decoding: try value.canonicalBytes(), as: UTF8.self) == expected)
    }

    @Test(arguments: ["1.5", "1.0", "1e2", "-0.0", "18446744073709551615", "9223372036854775808"])
    func floatsAreRefused(number: String) throws {
        let value = try JSONValue.parse("[\(number)]".utf8)
        #expect(throws: JSONError.floatNotAllowed) { try value.canonicalBytes() }
    }

    @Test func integersEndAtTwoToThe53() throws {
        for inside in ["9007199254740991", "-9007199254740991", "0"] {
            let value = try JSONValue.parse(inside.utf8)
            #expect(String(decoding: try value.canonicalBytes(), as: UTF8.self) == inside)
        }
        for outside in ["9007199254740992", "-9007199254740992", "9223372036854775807", "-9223372036854775808"] {
            let value = try JSONValue.parse(outside.utf8)
            #expect(throws: JSONError.integerOutOfRange) { try value.canonicalBytes() }
            #expect(String(decoding: value.bytes(), as: UTF8.self) == outside)
        }
    }

    @Test func minusZeroIsZero() throws {
        #expect(try JSONValue.parse("-0".utf8).canonicalBytes() == Array("0".utf8))
    }

    @Test(arguments: ["1.5", "0.1", "1e+16", "-2.5e-07", "1e+300"])
    func floatsReadBackTheSame(number: String) throws {
        let value = try JSONValue.parse(number.utf8)
        #expect(String(decoding: value.bytes(), as: UTF8.self) == number)
        #expect(try JSONValue.parse(value.bytes()) == value)
    }
}
