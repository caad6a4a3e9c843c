import CanonicalJSON
import ClientGateway
import Identifiers
import MatrixHTTP
import Testing
import WorkerContracts

@Suite struct CommandIDTests {
    private func id(
        user: String = "@a:b", device: String = "D", endpoint: String = "send", scope: String = "!r",
        _ text: String = "t"
    ) throws -> CommandID {
        CommandID.transaction(
            try TransactionID(text), of: try #require(UserID(user)), device: try #require(DeviceID(device)),
            endpoint: endpoint, scope: scope)
    }

    @Test func aRepeatedTransactionIsTheSameCommandAndNoOtherIs() throws {
        let ids = [
            try id(), try id(user: "@a:c"), try id(device: "E"), try id(endpoint: "redact"), try id(scope: "!s"),
            try id("u"), try id(device: "Ds", endpoint: "end"),
        ]
        #expect(try id() == ids[0])
        #expect(Set(ids).count == ids.count)
    }

    @Test func partsOfACommandDiffer() throws {
        let whole = try id()
        #expect(whole.part(0) != whole.part(1))
        #expect(whole.part(0) != whole)
    }

    @Test func transactionIDsHaveALimit() throws {
        _ = try TransactionID(String(repeating: "x", count: TransactionID.bytesMax))
        for bad in ["", "a\u{0}", String(repeating: "x", count: TransactionID.bytesMax + 1)] {
            #expect(throws: (any Error).self) { try TransactionID(bad) }
        }
    }
}

@Suite struct UsernameTests {
    private func server() throws -> ServerName { try #require(ServerName("test.example")) }

    @Test(arguments: ["anna", "a.b_c=d-e/f+g", "0"]) func namesOfTheGrammarAreTaken(_ name: String) throws {
        #expect(try Username.newUser(name, on: try server()).localpart == name)
    }

    @Test func capitalsAreMadeSmall() throws {
        #expect(try Username.newUser("Anna", on: try server()).rawValue == "@anna:test.example")
        #expect(
            Username.candidates("@Anna:test.example", on: try server()).map(\.rawValue)
                == ["@Anna:test.example", "@anna:test.example"])
    }

    @Test(arguments: ["", "ü", "a b", "a:b", "@a", "a\u{0}", String(repeating: "a", count: 250)])
    func othersAreRefused(_ name: String) throws {
        let server = try server()
        #expect(throws: (any Error).self) { try Username.newUser(name, on: server) }
    }

    @Test func anotherServersUserIsNoCandidate() throws {
        #expect(Username.candidates("@anna:else.where", on: try server()).isEmpty)
    }
}

@Suite struct ProfileKeyTests {
    @Test(arguments: ["displayname", "avatar_url", "m.tz", "org.example.job_title", "a.b"])
    func keysOfTheGrammarAreTaken(_ name: String) throws {
        _ = try ProfileKey(name)
    }

    @Test(arguments: [
        "", "name", "A.b", "a..b", "a.", ".a", "a.1b", "a.b-c", "a." + String(repeating: "b", count: 254),
    ])
    func othersAreRefused(_ name: String) {
        #expect(throws: (any Error).self) { try ProfileKey(name) }
    }

    @Test func anEmptyNameRemovesTheField() throws {
        #expect(try ProfileKey("displayname").value(in: ["displayname": ""]) == nil)
        #expect(try ProfileKey("displayname").value(in: ["displayname": "Anna"]) == "Anna")
    }
}

@Suite struct FilterRulesTests {
    @Test func aWholeFilterIsTaken() throws {
        try FilterRules.check([
            "event_fields": ["content.body"], "event_format": "client", "presence": ["types": ["m.*"], "limit": 1],
            "room": [
                "include_leave": true, "rooms": ["!a:b"],
                "timeline": ["limit": 10, "lazy_load_members": true, "not_senders": ["@a:b"], "odd": [.double(1.5)]],
            ],
        ])
    }

    @Test(
        arguments: [
            ["room": []], ["room": ["timeline": 1]], ["room": ["timeline": ["limit": "x"]]], ["event_fields": [1]],
            ["room": ["timeline": ["limit": -1]]], ["event_format": "odd"], ["presence": ["senders": ["x"]]],
            ["room": ["state": ["lazy_load_members": 1]]], ["room": ["not_rooms": ["x"]]],
        ] as [JSONObject])
    func wrongTypesAreRefused(_ filter: JSONObject) {
        #expect(throws: (any Error).self) { try FilterRules.check(filter) }
    }
}
