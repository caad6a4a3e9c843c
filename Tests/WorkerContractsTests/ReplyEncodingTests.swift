import CanonicalJSON
import Identifiers
import Testing
import WorkerContracts

@Suite struct ReplyEncodingTests {
    private static let replies: [WriterReply] = [
        .done(events: [], position: .zero),
        .done(events: ["$a", "$b:x"].compactMap { EventID($0) }, position: ShardSequence(1 << 40)),
        .answered(["one_time_key_counts": ["a": 1]], position: ShardSequence(3)),
        .refused(.init(status: 403, errcode: "M_FORBIDDEN", message: "no")),
        .moved(to: nil), .moved(to: "writer-1:abc"), .busy(retryAfter: .milliseconds(250)),
    ]

    @Test(arguments: replies)
    func repliesComeBackTheSame(reply: WriterReply) throws {
        #expect(try WriterReply(json: try JSONValue.parse(reply.json.bytes())) == reply)
    }

    @Test(arguments: [
        "{}", "[]", #"{"outcome":"other"}"#, #"{"outcome":"done","events":["x"],"position":1}"#,
        #"{"outcome":"done","events":[],"position":-1}"#, #"{"outcome":"done","events":[]}"#,
        #"{"outcome":"refused","status":500,"errcode":"M","message":""}"#, #"{"outcome":"busy"}"#,
        #"{"outcome":"answered","position":1}"#, #"{"outcome":"answered","content":[],"position":1}"#,
        #"{"outcome":"moved","to":1}"#, #"{"outcome":"moved","more":1}"#,
    ])
    func badRepliesAreRefused(text: String) throws {
        let json = try JSONValue.parse(text.utf8)
        #expect(throws: ContractError.self) { try WriterReply(json: json) }
    }

    @Test func waitsAreRoundedUp() {
        #expect(WriterReply.busy(retryAfter: .nanoseconds(1)).json["retry_after_ms"] == 1)
    }
}
