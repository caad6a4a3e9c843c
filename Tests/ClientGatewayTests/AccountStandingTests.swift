import CanonicalJSON
import ClientGateway
import Identifiers
import MatrixHTTP
import Postgres
import Storage
import Testing

/// Guests, the suspended and the locked: who may do what.
@Suite struct AccountStandingTests {
    private static let v3 = "/_matrix/client/v3"

    private func administrator(_ gateway: Gateway) async throws -> Gateway.Session {
        let root = try await gateway.register("root")
        try await gateway.database.query("UPDATE account SET is_admin = true WHERE user_id = $1", root.user.rawValue)
        return root
    }

    /// Repeats a call for a second, until what was remembered of its caller is forgotten.
    private func settled(
        _ status: Int, _ call: () async throws -> Gateway.Answer
    ) async throws -> Gateway.Answer {
        let deadline = ContinuousClock.now + .seconds(2)
        var answer = try await call()
        while answer.status != status, ContinuousClock.now < deadline { answer = try await call() }
        #expect(answer.status == status, "\(answer.body)")
        return answer
    }

    @Test func aGuestLooksAroundAndBecomesAUser() async throws {
        var options = Gateway.Options()
        options.allowsGuests = true
        try await Gateway.withRoomWriter(options) { gateway in
            let owner = try await gateway.register("owner")
            let made = try await gateway.call("POST", "\(Self.v3)/register?kind=guest", "{}")
            let guest = try Gateway.session(made)
            let whoami = try await gateway.call("GET", "\(Self.v3)/account/whoami", token: guest.token)
            #expect(whoami.body["is_guest"] == true)

            for (name, access, status) in [("open", "can_join", 200), ("shut", "forbidden", 403)] {
                let room = try await gateway.call(
                    "POST", "\(Self.v3)/createRoom",
                    json: [
                        "preset": "public_chat", "name": .string(name),
                        "initial_state": [
                            [
                                "type": "m.room.guest_access", "state_key": "",
                                "content": ["guest_access": .string(access)],
                            ]
                        ],
                    ], token: owner.token)
                let id = try #require(room.body["room_id"]?.stringValue)
                let joined = try await gateway.call("POST", "\(Self.v3)/rooms/\(id)/join", "{}", token: guest.token)
                #expect(joined.status == status, "\(joined.body)")
                if status == 403 { #expect(joined.errcode == "M_GUEST_ACCESS_FORBIDDEN") }
            }
            for (method, path, body) in [
                ("POST", "\(Self.v3)/createRoom", "{}"), ("GET", "\(Self.v3)/joined_rooms", nil),
                ("PUT", "\(Self.v3)/profile/\(guest.user)/avatar_url", #"{"avatar_url":"mxc://a/b"}"#),
            ] as [(String, String, String?)] {
                let answer = try await gateway.call(method, path, body, token: guest.token)
                #expect(answer.status == 403, "\(path)")
                #expect(answer.errcode == "M_GUEST_ACCESS_FORBIDDEN", "\(path)")
            }
            let named = try await gateway.call(
                "PUT", "\(Self.v3)/profile/\(guest.user)/displayname", #"{"displayname":"G"}"#, token: guest.token)
            #expect(named.status == 200)

            var wish: JSONObject = [
                "username": "other", "password": "secret", "guest_access_token": .string(guest.token),
                "auth": ["type": "m.login.dummy"],
            ]
            let other = try await gateway.call("POST", "\(Self.v3)/register", json: wish)
            #expect(other.errcode == "M_INVALID_USERNAME")
            wish["username"] = .string(guest.user.localpart)
            let upgraded = try await gateway.call("POST", "\(Self.v3)/register", json: wish)
            #expect(upgraded.status == 200, "\(upgraded.body)")
            let user = try Gateway.session(upgraded)
            #expect(user.user == guest.user)
            let rooms = try await gateway.call("GET", "\(Self.v3)/joined_rooms", token: user.token)
            #expect(rooms.body["joined_rooms"]?.arrayValue?.count == 1)
            let again = try await gateway.call("POST", "\(Self.v3)/register", json: wish)
            #expect(again.errcode == "M_FORBIDDEN")
        }
    }

    @Test func aRoomThatIsClosedToGuestsSendsThemAway() async throws {
        var options = Gateway.Options()
        options.allowsGuests = true
        try await Gateway.withRoomWriter(options) { gateway in
            let owner = try await gateway.register("owner")
            let bert = try await gateway.register("bert")
            let made = try await gateway.call("POST", "\(Self.v3)/register?kind=guest", "{}")
            let guest = try Gateway.session(made)
            let room = try await gateway.call(
                "POST", "\(Self.v3)/createRoom", #"{"preset":"public_chat"}"#, token: owner.token)
            let id = try #require(room.body["room_id"]?.stringValue)
            func set(_ access: String) async throws {
                let set = try await gateway.call(
                    "PUT", "\(Self.v3)/rooms/\(id)/state/m.room.guest_access",
                    json: ["guest_access": .string(access)], token: owner.token)
                #expect(set.status == 200, "\(set.body)")
            }
            func members() async throws -> Set<String> {
                let answer = try await gateway.call(
                    "GET", "\(Self.v3)/rooms/\(id)/joined_members", token: owner.token)
                return Set(answer.body["joined"]?.objectValue?.keys ?? [])
            }
            func work() async throws { while try await gateway.parts.guestRemover.step() {} }

            // Nor does an event of one's own let a guest in.
            let forged = try await gateway.call(
                "PUT", "\(Self.v3)/rooms/\(id)/state/m.room.member/\(guest.user)", #"{"membership":"join"}"#,
                token: guest.token)
            #expect(forged.errcode == "M_GUEST_ACCESS_FORBIDDEN")
            try await set("can_join")
            for session in [guest, bert] {
                let joined = try await gateway.call(
                    "POST", "\(Self.v3)/rooms/\(id)/join", "{}", token: session.token)
                #expect(joined.status == 200, "\(joined.body)")
            }
            try await work()
            #expect(try await members().count == 3)
            try await set("forbidden")
            try await work()
            #expect(try await members() == [owner.user.rawValue, bert.user.rawValue])
            #expect(try await gateway.database.query("SELECT FROM guest_check").isEmpty)
        }
    }

    @Test func aChangeWhileGuestsAreSentAwayIsNotForgotten() async throws {
        try await Gateway.with { gateway, _ in
            let store = GuestCheckStore(database: gateway.database)
            let now = Timestamp(milliseconds: 1_700_000_000_000)
            try await gateway.database.query("INSERT INTO guest_check (room_id, seq) VALUES ('!a:test.example', 1)")
            let claim = try #require(try await store.claim(at: now, for: .seconds(60)))
            #expect(try await store.claim(at: now, for: .seconds(60)) == nil)
            try await gateway.database.query("UPDATE guest_check SET seq = 2, claimed_until_ms = 0")
            try await store.finish(claim)
            #expect(try await store.claim(at: now, for: .seconds(60))?.position == ShardSequence(2))
            // Who died over it is followed after a while.
            let later = now.advanced(by: .seconds(60))
            #expect(try await store.claim(at: later, for: .seconds(60))?.position == ShardSequence(2))
        }
    }

    @Test func theSuspendedReadAndLeaveAndDoNoMore() async throws {
        try await Gateway.withRoomWriter { gateway in
            let root = try await administrator(gateway)
            let anna = try await gateway.register("anna")
            let room = try await gateway.call("POST", "\(Self.v3)/createRoom", "{}", token: anna.token)
            let id = try #require(room.body["room_id"]?.stringValue)
            func send(_ transaction: Int) async throws -> Gateway.Answer {
                try await gateway.call(
                    "PUT", "\(Self.v3)/rooms/\(id)/send/m.room.message/\(transaction)",
                    #"{"msgtype":"m.text","body":"x"}"#, token: anna.token)
            }
            let mine = try #require(try await send(1).body["event_id"]?.stringValue)

            let path = "/_matrix/client/v1/admin/suspend/\(anna.user)"
            #expect(try await gateway.call("GET", path, token: root.token).body == ["suspended": false])
            let set = try await gateway.call("PUT", path, json: ["suspended": true], token: root.token)
            #expect(set.body == ["suspended": true])
            #expect(try await gateway.call("GET", path, token: root.token).body == ["suspended": true])

            var transaction = 1
            let refused = try await settled(403) {
                transaction += 1
                return try await send(transaction)
            }
            #expect(refused.errcode == "M_USER_SUSPENDED")
            let read = try await gateway.call("GET", "\(Self.v3)/rooms/\(id)/messages?dir=b", token: anna.token)
            #expect(read.status == 200)
            let own = try await gateway.call(
                "PUT", "\(Self.v3)/rooms/\(id)/redact/\(mine)/r1", "{}", token: anna.token)
            #expect(own.status == 200, "\(own.body)")
            let browser = Browser(gateway)
            _ = try await browser.logIn(try await browser.get("/oauth2/login"))
            let page = try await browser.get("/oauth2/account")
            let named = try await browser.submit(page, "/oauth2/account/profile", [("displayname", "A")])
            #expect(named.status == 400)
            #expect(named.text.contains("suspended"))
            let left = try await gateway.call("POST", "\(Self.v3)/rooms/\(id)/leave", "{}", token: anna.token)
            #expect(left.status == 200)

            _ = try await gateway.call("PUT", path, json: ["suspended": false], token: root.token)
            _ = try await settled(200) {
                try await gateway.call("POST", "\(Self.v3)/createRoom", "{}", token: anna.token)
            }
        }
    }

    @Test func theLockedOnlyLogOut() async throws {
        try await Gateway.with { gateway, _ in
            let root = try await administrator(gateway)
            let anna = try await gateway.register("anna")
            let path = "/_matrix/client/v1/admin/lock/\(anna.user)"
            #expect(try await gateway.call("GET", path, token: root.token).body == ["locked": false])
            #expect(
                try await gateway.call("PUT", path, json: ["locked": true], token: root.token).body == ["locked": true])
            let refused = try await settled(401) {
                try await gateway.call("GET", "\(Self.v3)/account/whoami", token: anna.token)
            }
            #expect(refused.errcode == "M_USER_LOCKED")
            #expect(refused.body["soft_logout"] == true)
            let login = try await gateway.call(
                "POST", "\(Self.v3)/login", json: ["type": "m.login.password", "user": "anna", "password": "secret"])
            #expect(login.errcode == "M_USER_LOCKED")
            let end = try await gateway.call(
                "POST", "\(Self.v3)/account/deactivate",
                json: ["auth": ["type": "m.login.password", "user": "anna", "password": "secret"]])
            #expect(end.errcode == "M_USER_LOCKED")
            let browser = Browser(gateway)
            #expect(try await browser.logIn(try await browser.get("/oauth2/login")).status == 403)
            _ = try await gateway.call("PUT", path, json: ["locked": false], token: root.token)
            _ = try await settled(200) {
                try await gateway.call("GET", "\(Self.v3)/account/whoami", token: anna.token)
            }
            _ = try await gateway.call("PUT", path, json: ["locked": true], token: root.token)
            _ = try await settled(401) {
                try await gateway.call("GET", "\(Self.v3)/account/whoami", token: anna.token)
            }
            #expect(try await gateway.call("POST", "\(Self.v3)/logout", "{}", token: anna.token).status == 200)
        }
    }

    @Test func onlyAdministratorsModerateAndNotEachOther() async throws {
        try await Gateway.with { gateway, _ in
            let root = try await administrator(gateway)
            let anna = try await gateway.register("anna")
            for name in ["suspend", "lock"] {
                let path = "/_matrix/client/v1/admin/\(name)"
                let body = "{\"\(name == "lock" ? "locked" : "suspended")\":true}"
                for (user, status, errcode) in [
                    (root.user.rawValue, 403, "M_FORBIDDEN"), ("@nobody:test.example", 404, "M_NOT_FOUND"),
                    ("@a:else.where", 400, "M_INVALID_PARAM"),
                ] {
                    let get = try await gateway.call("GET", "\(path)/\(user)", token: root.token)
                    let put = try await gateway.call("PUT", "\(path)/\(user)", body, token: root.token)
                    for answer in [get, put] {
                        #expect(answer.status == status, "\(name) \(user)")
                        #expect(answer.errcode == errcode, "\(name) \(user)")
                    }
                }
                // Whether somebody exists is nobody else's business.
                let probe = try await gateway.call("GET", "\(path)/@nobody:test.example", token: anna.token)
                #expect(probe.errcode == "M_FORBIDDEN")
                let empty = try await gateway.call("PUT", "\(path)/\(anna.user)", "{}", token: root.token)
                #expect(empty.errcode == "M_MISSING_PARAM")
            }
            let mine = try await gateway.call("GET", "\(Self.v3)/admin/whois/\(anna.user)", token: anna.token)
            #expect(mine.body["user_id"] == .string(anna.user.rawValue))
            let theirs = try await gateway.call("GET", "\(Self.v3)/admin/whois/\(anna.user)", token: root.token)
            let connections = theirs.body["devices"]?[anna.device.rawValue]?["sessions"]?.arrayValue?.first
            #expect(connections?["connections"]?.arrayValue?.first?["last_seen"]?.intValue ?? 0 > 0)
            let capabilities = try await gateway.call("GET", "\(Self.v3)/capabilities", token: root.token)
            #expect(
                capabilities.body["capabilities"]?["m.account_moderation"] == ["suspend": true, "lock": true])
            let plain = try await gateway.call("GET", "\(Self.v3)/capabilities", token: anna.token)
            #expect(plain.body["capabilities"]?["m.account_moderation"] == nil)
        }
    }

    @Test func theListsNameEndpointsThatAre() {
        let routes = Set(ClientEndpoints.routes.map { "\($0.method.rawValue) \($0.path)" })
        // Others are served by other workers or come later; these few anchor the lists' spelling.
        for name in [
            "POST \(Self.v3)/createRoom", "PUT \(Self.v3)/rooms/{roomId}/send/{eventType}/{txnId}",
            "PUT \(Self.v3)/rooms/{roomId}/state/{eventType}/{stateKey}", "PUT \(Self.v3)/profile/{userId}/{keyName}",
        ] {
            #expect(routes.contains(name))
            #expect(CallerRules.closedToSuspended.contains(name))
        }
        let missing = CallerRules.openToGuests.union(CallerRules.closedToSuspended).subtracting(routes)
            .filter { !$0.contains("/media/") && !$0.contains("/keys/") && !$0.contains("/knock/") }
        let expected: Set = [
            "GET \(Self.v3)/sync", "GET \(Self.v3)/events", "GET \(Self.v3)/rooms/{roomId}/initialSync",
            "POST \(Self.v3)/rooms/{roomId}/upgrade", "POST \(Self.v3)/account/3pid/delete",
        ]
        #expect(missing.isSubset(of: expected), "\(missing.subtracting(expected))")
    }
}
