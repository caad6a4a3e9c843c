import CanonicalJSON
import Testing

@Suite struct JSONWriterTests {
    @Test func writesCommasWhereTheyBelong() {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("n", 1)
        writer.key("list")
        writer.beginArray()
        writer.value("a")
        writer.raw("{\"x\":[]}".utf8)
        writer.beginArray()
        writer.endArray()
        writer.null()
        writer.value(true)
        writer.endArray()
        writer.member("object", ["k": "v"] as JSONObject)
        writer.member("empty", JSONObject())
        writer.endObject()
        let expected = #"{"n":1,"list":["a",{"x":[]},[],null,true],"object":{"k":"v"},"empty":{}}"#
        #expect(String(decoding: writer.bytes, as: UTF8.self) == expected)
    }

    @Test func readyMembersAreSplicedIn() {
        var writer = JSONWriter()
        writer.beginObject()
        writer.rawMembers([])
        writer.rawMembers(Array(#""a":1,"b":2"#.utf8))
        writer.rawMembers([])
        writer.member("c", 3)
        writer.endObject()
        #expect(String(decoding: writer.bytes, as: UTF8.self) == #"{"a":1,"b":2,"c":3}"#)
    }
}
