import CanonicalJSON
import TestSupport
import Testing

@Suite struct JSONObjectTests {
    @Test func ofEqualKeysTheLastStays() {
        let object = JSONObject([("a", 1), ("b", 2), ("a", 3)])
        #expect(object.count == 2)
        #expect(object["a"] == 3)
    }

    @Test func settingNothingRemoves() {
        var object: JSONObject = ["a": 1, "b": nil]
        #expect(object["b"] == .some(.null))
        object["a"] = nil
        object["missing"] = nil
        #expect(object.keys == ["b"])
        object["b"] = nil
        #expect(object.isEmpty)
    }

    @Test func membersStaySortedUnderRandomChanges() throws {
        var random = SeededRandom(seed: 5)
        var object = JSONObject()
        var model: [String: Int64] = [:]
        for step in 0..<2_000 {
            let key = "k\(Int.random(in: 0..<300, using: &random))"
            let value = Bool.random(using: &random) ? Int64(step) : nil
            object[key] = value.map { .int($0) }
            model[key] = value
        }
        #expect(object.keys == model.keys.sorted())
        for (key, value) in model { #expect(object[key] == .int(value)) }
        #expect(try JSONObject.parse(object.bytes()) == object)
    }

    @Test func valuesAreOneKindOnly() {
        let values: [JSONValue] = [nil, true, 1, .double(1), "1", [], [:]]
        for value in values {
            let kinds: [Bool] = [
                value.isNull, value.boolValue != nil, value.intValue != nil, value.stringValue != nil,
                value.arrayValue != nil, value.objectValue != nil,
            ]
            let isDouble = if case .double = value { true } else { false }
            #expect(kinds.count { $0 } == (isDouble ? 0 : 1))
            #expect(values.count { $0 == value } == 1)
        }
        #expect(JSONValue.string("x")["key"] == nil)
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func whateverIsWrittenReadsBack(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<300 {
            let value = Self.randomValue(depth: 5, &random)
            #expect(try JSONValue.parse(value.bytes()) == value)
        }
    }

    private static func randomValue(depth: Int, _ random: inout SeededRandom) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .int(Int64.random(in: .min ... .max, using: &random))
        case 3: return .double(Double.random(in: -1e20...1e20, using: &random) + 0.5)
        case 4: return .string(randomText(&random))
        case 5:
            return .array(
                (0..<Int.random(in: 0..<4, using: &random)).map { _ in randomValue(depth: depth - 1, &random) })
        default:
            return .object(
                JSONObject(
                    (0..<Int.random(in: 0..<4, using: &random)).map { _ in
                        (randomText(&random), randomValue(depth: depth - 1, &random))
                    }))
        }
    }

    private static func randomText(_ random: inout SeededRandom) -> String {
        let ranges: [ClosedRange<UInt32>] = [
            0x0...0x1F, 0x20...0x7F, 0x80...0x7FF, 0xE000...0xFFFF, 0x10000...0x10FFFF,
        ]
        return (0..<Int.random(in: 0..<6, using: &random)).reduce(into: "") { text, _ in
            let range = ranges[Int.random(in: 0..<ranges.count, using: &random)]
            if let scalar = Unicode.Scalar(UInt32.random(in: range, using: &random)) {
                text.unicodeScalars.append(scalar)
            }
        }
    }
}
