import CanonicalJSON
import Identifiers
import Testing
import WorkerContracts

@Suite struct CommandEncodingTests {
    /// Each command once with all its fields and once with the fewest, as on the wire.
    private static let wire = [
        """
        {"kind":"create_room","room":"!r","version":"12","create_event":{"type":"m.room.create"},"events":[
        {"type":"m.room.member","state_key":"@a:x","sender":"@a:x","content":{"membership":"join"}}]}
        """,
        #"{"kind":"create_room","room":"!r:x","version":"11","events":[]}"#,
        """
        {"kind":"send_events","room":"!r:x","events":[{"type":"m","sender":"@a:x","content":{},"redacts":"$t",
        "origin_server_ts":5,"transaction":{"device":"D","id":"t\\u0000"},"delay_id":"d","unless_unchanged":true,
        "needs_membership":true,"sticky_ms":5000},
        {"type":"m\\u0000","state_key":"","sender":"@a:x","content":{"f":1.5,"n":null}}]}
        """,
        #"{"kind":"receive_events","room":"!r:x","events":[{"type":"m"},{}]}"#,
        #"""
        {"kind":"set_receipt","room":"!r:x","user":"@a:x","type":"m.read","event":"$e","thread":"main","read_at_ms":7}
        """#,
        #"{"kind":"set_receipt","room":"!r:x","user":"@a:x","type":"m.read","event":"$e","read_at_ms":7}"#,
        #"{"kind":"forget_room","room":"!r:x","user":"@a:x"}"#,
        #"{"kind":"set_typing","room":"!r:x","user":"@a:x","timeout_ms":30000}"#,
        #"{"kind":"set_typing","room":"!r:x","user":"@a:x"}"#,
        #"{"kind":"set_account_data","user":"@a:x","room":"!r:x","type":"m.tag","content":{"a":[]}}"#,
        #"{"kind":"set_account_data","user":"@a:x","type":"m.direct"}"#,
        #"{"kind":"send_to_device","user":"@a:x","messages":[{"device":"D","message":{"type":"t"}},{"message":{}}]}"#,
        #"{"kind":"delete_to_device","user":"@a:x","device":"D","up_to":9}"#,
        #"{"kind":"set_tag","user":"@a:x","room":"!r:x","tag":"u.work\\u0000","content":{"order":0.5}}"#,
        #"{"kind":"set_tag","user":"@a:x","room":"!r:x","tag":"u.work"}"#,
        """
        {"kind":"report_presence","reports":[{"user":"@a:x","device":"D","origin":"sync","state":"online",
        "status":"here","active_ago_ms":5},{"user":"@b:x","device":"E","origin":"request","state":"offline"}]}
        """,
        """
        {"kind":"upload_keys","user":"@a:x","device":"D","identity":{"keys":{}},"one_time":{"s:A":{"key":"k"},"s:B":"k"},
        "fallback":{"s:F":{}}}
        """,
        #"{"kind":"upload_keys","user":"@a:x","device":"D","one_time":{},"fallback":{}}"#,
        #"{"kind":"claim_keys","user":"@a:x","claims":{"D":"signed_curve25519","E":"s"}}"#,
        """
        {"kind":"set_cross_signing_keys","user":"@a:x","replacing":"K","keys":{"master":{"public_key":"M","json":"{}"},
        "self_signing":{"public_key":"S","json":"{}"},"user_signing":{"public_key":"U","json":"{}"}}}
        """,
        #"{"kind":"set_cross_signing_keys","user":"@a:x","keys":{}}"#,
        """
        {"kind":"add_signatures","user":"@a:x","signatures":[{"user":"@b:x","target":"M","key":"ed25519:U",
        "signature":"s"}]}
        """,
        #"{"kind":"remove_devices","user":"@a:x","devices":["D","E"]}"#,
        #"{"kind":"announce_devices","user":"@a:x"}"#,
        #"{"kind":"set_thread_subscription","room":"!r:x","room_position":7,"root":"$e","state":"automatic","user":"@a:x"}"#,
        """
        {"kind":"change_push_rules","user":"@a:x","rule_kind":"override","rule":"r","set":{"actions":["notify"]},
        "beside":{"rule":"s","after":true}}
        """,
        #"{"kind":"change_push_rules","user":"@a:x","rule_kind":"room","rule":"!r:x","set":{}}"#,
        #"{"kind":"change_push_rules","user":"@a:x","rule_kind":"content","rule":"r","enable":false}"#,
        #"{"kind":"change_push_rules","user":"@a:x","rule_kind":"sender","rule":"r","act":["notify",{"set_tweak":"x"}]}"#,
    ]

    @Test(arguments: wire)
    func commandsComeBackTheSame(text: String) throws {
        let json = try JSONValue.parse(text.utf8)
        let command = try WriterCommand(json: json)
        #expect(command.json == json)
        #expect(json["kind"]?.stringValue == command.kind)
    }

    @Test(arguments: wire)
    func aFieldTooManyIsRefused(text: String) throws {
        var object = try JSONObject.parse(text.utf8)
        object["surprise"] = nil as JSONValue
        #expect(throws: ContractError.unknown(field: "surprise")) { try WriterCommand(json: .object(object)) }
    }

    @Test(arguments: wire)
    func fieldsOfTheWrongTypeAreRefused(text: String) throws {
        let object = try JSONObject.parse(text.utf8)
        for key in object.keys {
            var changed = object
            changed[key] = object[key]?.boolValue == nil ? true : 7
            #expect(throws: ContractError.invalid(field: key)) { try WriterCommand(json: .object(changed)) }
        }
    }

    @Test func fieldsAreRequired() throws {
        for text in Self.wire where !text.contains("\"thread\"") {
            let object = try JSONObject.parse(text.utf8)
            for key in ["kind", "room", "user", "events", "type", "messages", "up_to", "read_at_ms", "tag", "reports"]
            where object[key] != nil && !(key == "room" && object["content"] != nil) {
                var changed = object
                changed[key] = .none
                #expect(throws: ContractError.missing(field: key)) { try WriterCommand(json: .object(changed)) }
            }
        }
    }

    @Test func eventCountsAreAcceptedUpToTheirLimits() throws {
        func send(_ count: Int) -> JSONValue {
            let draft: JSONValue = ["type": "m", "sender": "@a:x", "content": [:]]
            return ["kind": "send_events", "room": "!r:x", "events": .array(Array(repeating: draft, count: count))]
        }
        _ = try WriterCommand(json: send(WriterCommand.SendEvents.eventsMax))
        #expect(throws: ContractError.invalid(field: "events")) {
            try WriterCommand(json: send(WriterCommand.SendEvents.eventsMax + 1))
        }
    }

    @Test func waitsAreNotNegativeNorLongerThanADay() {
        for timeout: Int64 in [-1, 86_400_001] {
            #expect(throws: ContractError.invalid(field: "timeout_ms")) {
                try WriterCommand(
                    json: ["kind": "set_typing", "room": "!r:x", "user": "@a:x", "timeout_ms": .int(timeout)])
            }
        }
    }

    @Test func envelopesCarryTheCommandID() throws {
        let id = CommandID.random()
        let command = try WriterCommand(json: ["kind": "forget_room", "room": "!r:x", "user": "@a:x"])
        let json = CommandEnvelope(id: id, command: command).json
        #expect(try CommandEnvelope(json: json).id == id)
        #expect(json["id"]?.stringValue?.utf8.count == 32)
        #expect(throws: ContractError.invalid(field: "id")) {
            try CommandEnvelope(json: ["id": "00", "command": command.json])
        }
        #expect(CommandID(hexadecimal: String(repeating: "g", count: 32)) == nil)
        #expect(CommandID(hexadecimal: "00ff") == nil)
    }
}
