import CanonicalJSON
import ClientGateway
import ClusterConfiguration
import Identifiers
import MatrixHTTP
import Postgres
import Storage
import Testing

/// What somebody does too often is refused, on every worker alike.
@Suite struct RateLimitTests {
    private static let v3 = "/_matrix/client/v3"

    private func options(_ limits: [RateLimitName: RateLimit]) -> Gateway.Options {
        var options = Gateway.Options()
        options.rateLimits = limits
        return options
    }

    private let slow = RateLimit(perSecond: 0.001, burst: 2)

    private func expectLimited(_ answer: Gateway.Answer) {
        #expect(answer.status == 429, "\(answer.body)")
        #expect(answer.errcode == "M_LIMIT_EXCEEDED")
        let wait = answer.body["retry_after_ms"]?.intValue ?? 0
        #expect(wait > 0 && wait <= 1_000_000)
        #expect(Int64(answer.head.header("retry-after") ?? "") == (wait + 999) / 1_000)
    }

    private func logIn(_ gateway: Gateway, _ name: String, _ password: String) async throws -> Gateway.Answer {
        try await gateway.call(
            "POST", "\(Self.v3)/login",
            json: ["type": "m.login.password", "user": .string(name), "password": .string(password)])
    }

    @Test func registrationsAreLimitedByAddressOverAllWorkers() async throws {
        let options = options([.registration: slow])
        try await Gateway.with(options) { gateway, _ in
            try await Gateway.serving(options, gateway.database, RecordingWriter()) { other in
                _ = try await gateway.register("a")
                _ = try await other.register("b")
                for worker in [gateway, other] {
                    expectLimited(
                        try await worker.call(
                            "POST", "\(Self.v3)/register",
                            json: ["username": "c", "password": "secret", "auth": ["type": "m.login.dummy"]]))
                }
            }
        }
    }

    @Test func aChallengeTakesNothing() async throws {
        try await Gateway.with(options([.registration: slow])) { gateway, _ in
            for _ in 0..<5 {
                let answer = try await gateway.call("POST", "\(Self.v3)/register", json: ["username": "a"])
                #expect(answer.status == 401)
            }
            _ = try await gateway.register("a")
        }
    }

    @Test func guessingIsSlowedDownOverAllWorkers() async throws {
        let options = options([.loginFailedAttempts: slow])
        try await Gateway.with(options) { gateway, _ in
            _ = try await gateway.register("anna")
            try await Gateway.serving(options, gateway.database, RecordingWriter()) { other in
                for _ in 0..<5 { #expect(try await logIn(gateway, "anna", "secret").status == 200) }
                #expect(try await logIn(gateway, "anna", "guess").status == 403)
                #expect(try await logIn(other, "@anna:test.example", "guess").status == 403)
                // Not even the right one is looked at now.
                for worker in [gateway, other] { expectLimited(try await logIn(worker, "anna", "secret")) }
                #expect(try await logIn(gateway, "bert", "guess").status == 403)
            }
        }
    }

    /// Wherever a password is asked for, it is guessed at no more often.
    @Test func guessesCountWhereverTheyAreMade() async throws {
        try await Gateway.with(options([.loginFailedAttempts: slow])) { gateway, _ in
            let anna = try await gateway.register("anna")
            let browser = Browser(gateway)
            let login = try await browser.get("/oauth2/login")
            #expect(try await browser.logIn(login, "anna", "guess").text.contains("is wrong"))
            func end(_ password: String, token: String? = nil) async throws -> Gateway.Answer {
                try await gateway.call(
                    "POST", "\(Self.v3)/account/deactivate",
                    json: ["auth": ["type": "m.login.password", "user": "anna", "password": .string(password)]],
                    token: token)
            }
            #expect(try await end("guess").status == 401)
            expectLimited(try await end("secret"))
            expectLimited(try await end("secret", token: anna.token))
            #expect(try await browser.logIn(login, "anna", "secret").text.contains("too often"))
        }
    }

    @Test func manyGuessesAtOnceAreNoMoreThanInARow() async throws {
        try await Gateway.with(options([.loginFailedAttempts: RateLimit(perSecond: 0.001, burst: 3)])) { gateway, _ in
            _ = try await gateway.register("anna")
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<12 { group.addTask { try await logIn(gateway, "anna", "guess").status } }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses.count { $0 == 403 } == 3)
            #expect(statuses.count { $0 == 429 } == 9)
        }
    }

    @Test func registrationTokensAreNotGuessedAtRegistration() async throws {
        var options = options([.registrationTokenValidity: slow])
        options.registration = .token
        try await Gateway.with(options) { gateway, _ in
            try await gateway.database.query(
                "INSERT INTO registration_token (token) VALUES ('right')")
            func register(_ name: String, _ token: String) async throws -> Gateway.Answer {
                try await gateway.call(
                    "POST", "\(Self.v3)/register",
                    json: [
                        "username": .string(name), "password": "secret",
                        "auth": ["type": "m.login.registration_token", "token": .string(token)],
                    ])
            }
            for name in ["a", "b", "c"] { #expect(try await register(name, "right").status == 200) }
            for _ in 0..<2 { #expect(try await register("d", "guess").status == 401) }
            expectLimited(try await register("d", "right"))
        }
    }

    @Test func invitesAreCountedWhicheverWayTheyAreMade() async throws {
        try await Gateway.withRoomWriter(
            options([.invitesPerUser: slow, .invitesPerIssuer: RateLimit(perSecond: 0.001, burst: 4)])
        ) { gateway in
            let anna = try await gateway.register("anna")
            let bert = try await gateway.register("bert")
            func create(_ invited: [String], as session: Gateway.Session) async throws -> Gateway.Answer {
                try await gateway.call(
                    "POST", "\(Self.v3)/createRoom", json: ["invite": .array(invited.map { .string($0) })],
                    token: session.token)
            }
            let room = try await create([bert.user.rawValue], as: anna)
            let id = try #require(room.body["room_id"]?.stringValue)
            func invite(_ user: String) async throws -> Gateway.Answer {
                try await gateway.call(
                    "PUT", "\(Self.v3)/rooms/\(id)/state/m.room.member/\(user)", #"{"membership":"invite"}"#,
                    token: anna.token)
            }
            let other = try await gateway.register("cara")
            #expect(try await create([bert.user.rawValue], as: other).status == 200)
            expectLimited(try await create([bert.user.rawValue], as: other))
            expectLimited(try await invite(bert.user.rawValue))
            // The refused one counted for who sent it: two are left, of which each is for somebody else.
            #expect(try await invite("@x:test.example").status == 200)
            #expect(try await invite("@y:test.example").status == 200)
            expectLimited(try await invite("@z:test.example"))
        }
    }

    /// More than the limit ever allows at once is one full bucket, not never.
    @Test func aRoomForManyIsMade() async throws {
        try await Gateway.withRoomWriter(options([.invitesPerIssuer: slow])) { gateway in
            let anna = try await gateway.register("anna")
            func create() async throws -> Gateway.Answer {
                try await gateway.call(
                    "POST", "\(Self.v3)/createRoom",
                    json: ["invite": ["@x:test.example", "@y:test.example", "@z:test.example"]], token: anna.token)
            }
            #expect(try await create().status == 200)
            expectLimited(try await create())
        }
    }

    @Test(arguments: [RateLimitName.loginAddress, .loginAccount])
    func loginsAreLimited(name: RateLimitName) async throws {
        try await Gateway.with(options([name: slow])) { gateway, _ in
            _ = try await gateway.register("anna")
            _ = try await gateway.register("bert")
            for _ in 0..<2 { #expect(try await logIn(gateway, "anna", "secret").status == 200) }
            expectLimited(try await logIn(gateway, "anna", "secret"))
            let other = try await logIn(gateway, "bert", "secret")
            #expect(other.status == (name == .loginAccount ? 200 : 429))
        }
    }

    @Test func joinsAreLimitedByUserAndByRoom() async throws {
        try await Gateway.withRoomWriter(
            options([.joinsLocal: slow, .joinsPerRoom: RateLimit(perSecond: 0.001, burst: 3)])
        ) {
            gateway in
            let owner = try await gateway.register("owner")
            var rooms: [String] = []
            for _ in 0..<3 {
                let room = try await gateway.call(
                    "POST", "\(Self.v3)/createRoom", #"{"preset":"public_chat"}"#, token: owner.token)
                rooms.append(try #require(room.body["room_id"]?.stringValue))
            }
            func join(_ user: Gateway.Session, _ room: Int) async throws -> Gateway.Answer {
                try await gateway.call("POST", "\(Self.v3)/rooms/\(rooms[room])/join", "{}", token: user.token)
            }
            let anna = try await gateway.register("anna")
            for room in 0..<2 { #expect(try await join(anna, room).status == 200) }
            expectLimited(try await join(anna, 2))
            for name in ["b", "c"] { #expect(try await join(try await gateway.register(name), 0).status == 200) }
            let late = try await gateway.register("d")
            expectLimited(try await join(late, 0))
            #expect(try await join(late, 1).status == 200)
        }
    }

    @Test func whatAUserSendsIsLimited() async throws {
        try await Gateway.withRoomWriter(options([.message: slow, .roomCreation: slow, .invitesPerUser: slow])) {
            gateway in
            let anna = try await gateway.register("anna")
            let bert = try await gateway.register("bert")
            var rooms: [String] = []
            for _ in 0..<2 {
                let room = try await gateway.call("POST", "\(Self.v3)/createRoom", "{}", token: anna.token)
                rooms.append(try #require(room.body["room_id"]?.stringValue))
            }
            expectLimited(try await gateway.call("POST", "\(Self.v3)/createRoom", "{}", token: anna.token))
            func send(_ id: Int) async throws -> Gateway.Answer {
                try await gateway.call(
                    "PUT", "\(Self.v3)/rooms/\(rooms[0])/send/m.room.message/\(id)", #"{"body":"x"}"#,
                    token: anna.token)
            }
            for id in 0..<2 { #expect(try await send(id).status == 200) }
            expectLimited(try await send(2))
            let state = try await gateway.call(
                "PUT", "\(Self.v3)/rooms/\(rooms[0])/state/m.room.topic", #"{"topic":"x"}"#, token: anna.token)
            expectLimited(state)
            for (index, room) in (rooms + [rooms[0]]).enumerated() {
                let invite = try await gateway.call(
                    "POST", "\(Self.v3)/rooms/\(room)/invite", json: ["user_id": .string(bert.user.rawValue)],
                    token: anna.token)
                #expect(invite.status == (index < 2 ? 200 : 429))
            }
        }
    }

    @Test func aWorkersOwnBucketsEndAtTheirLimit() {
        let now = Timestamp(milliseconds: 1_700_000_000_000)
        let buckets = LocalRateBuckets(bucketsMax: 3)
        func take(_ key: UInt8, _ milliseconds: Int64 = 0) -> RateBucketStore.Outcome {
            buckets.take([key], intervalMs: 100, burst: 2, at: now.advanced(by: .milliseconds(milliseconds)))
        }
        for _ in 0..<2 { #expect(take(1) == .taken) }
        #expect(take(1) == .refused(retryAfter: .milliseconds(100)))
        #expect(take(1, 30) == .refused(retryAfter: .milliseconds(70)))
        _ = take(2)
        _ = take(3)
        #expect(buckets.count == 3)
        // Two are full again and go; the busy one stays.
        #expect(take(4, 100) == .taken)
        #expect(buckets.count == 2)
        #expect(take(1, 100) == .taken)
        #expect(take(1, 100) == .refused(retryAfter: .milliseconds(100)))
    }
}
