import Identifiers
import Postgres
import Storage
import TestSupport
import Testing

@Suite struct SessionStoreTests {
    private static let now = AccountStoreTests.now

    private struct Fixture {
        let sessions: SessionStore
        let devices: DeviceStore
        let database: PostgresDatabase
        let anna: UserID
        let phone: DeviceID

        init(_ database: PostgresDatabase) async throws {
            self.database = database
            sessions = SessionStore(database: database)
            devices = DeviceStore(database: database)
            anna = try AccountStoreTests.user("anna")
            phone = try #require(DeviceID("PHONE"))
            let outcome = try await AccountStore(database: database).register(AccountStoreTests.registration(anna))
            #expect(outcome == .registered)
        }

        func start(_ access: UInt8, refresh: UInt8? = nil, name: String? = nil) async throws {
            try await sessions.start(
                SessionStart(
                    user: anna, device: phone, displayName: name,
                    tokens: SessionTokens(
                        accessHash: [access], accessExpiresAt: nil, refreshHash: refresh.map { [$0] }),
                    at: now))
        }

        func accessTokens() async throws -> [[UInt8]] {
            try await database.query("SELECT token_hash FROM access_token ORDER BY token_hash").map {
                try $0.bytes("token_hash")
            }
        }

        func exchange(_ old: UInt8, access: UInt8, refresh: UInt8) async throws -> RefreshOutcome {
            try await sessions.refresh(
                [old], with: SessionTokens(accessHash: [access], accessExpiresAt: nil, refreshHash: [refresh]), at: now)
        }
    }

    @Test func aLoginOnADeviceReplacesItsTokensAndKeepsItsName() async throws {
        try await withTestDatabase { database in
            let fixture = try await Fixture(database)
            try await fixture.start(1, name: "first")
            try await fixture.start(2, name: "second")
            #expect(try await fixture.accessTokens() == [[2]])
            let device = try #require(try await fixture.devices.fetch(fixture.phone, of: fixture.anna))
            #expect(device.displayName == "first")
            #expect(try await fixture.devices.list(of: fixture.anna).count == 1)
        }
    }

    @Test func deletingADeviceTakesItsTokens() async throws {
        try await withTestDatabase { database in
            let fixture = try await Fixture(database)
            try await fixture.start(1, refresh: 9)
            #expect(try await fixture.devices.delete([fixture.phone], of: fixture.anna) == [fixture.phone])
            #expect(try await fixture.accessTokens().isEmpty)
            #expect(try await fixture.exchange(9, access: 2, refresh: 10) == .unknown)
            #expect(try await fixture.devices.delete([fixture.phone], of: fixture.anna).isEmpty)
        }
    }

    @Test func loggingOutAllKeepsTheOneDeviceAskedFor() async throws {
        try await withTestDatabase { database in
            let fixture = try await Fixture(database)
            try await fixture.start(1)
            let laptop = try #require(DeviceID("LAPTOP"))
            try await fixture.sessions.start(
                SessionStart(
                    user: fixture.anna, device: laptop, displayName: nil,
                    tokens: SessionTokens(accessHash: [2], accessExpiresAt: nil, refreshHash: nil), at: Self.now))
            #expect(try await fixture.devices.deleteAll(of: fixture.anna, except: laptop) == [fixture.phone])
            #expect(try await fixture.accessTokens() == [[2]])
            #expect(try await fixture.devices.deleteAll(of: fixture.anna, except: nil) == [laptop])
        }
    }

    @Test func aRefreshTokenIsGoodUntilItsSuccessorIsUsed() async throws {
        try await withTestDatabase { database in
            let fixture = try await Fixture(database)
            let refreshed = RefreshOutcome.refreshed(user: fixture.anna, device: fixture.phone)
            try await fixture.start(1, refresh: 10)
            #expect(try await fixture.exchange(10, access: 2, refresh: 11) == refreshed)
            // The answer was lost: the client asks again, and what the lost answer gave is void.
            #expect(try await fixture.exchange(10, access: 3, refresh: 12) == refreshed)
            #expect(try await fixture.exchange(11, access: 4, refresh: 13) == .unknown)
            #expect(try await fixture.exchange(12, access: 5, refresh: 14) == refreshed)
        }
    }

    @Test func aSpentRefreshTokenEndsTheTokensOfItsDevice() async throws {
        try await withTestDatabase { database in
            let fixture = try await Fixture(database)
            let refreshed = RefreshOutcome.refreshed(user: fixture.anna, device: fixture.phone)
            try await fixture.start(1, refresh: 10)
            #expect(try await fixture.exchange(10, access: 2, refresh: 11) == refreshed)
            #expect(try await fixture.exchange(11, access: 3, refresh: 12) == refreshed)
            // Somebody has the first token who should not, or the client is not what it seems.
            #expect(try await fixture.exchange(10, access: 4, refresh: 13) == .reused)
            #expect(try await fixture.accessTokens().isEmpty)
            #expect(try await fixture.exchange(12, access: 5, refresh: 14) == .unknown)
            #expect(try await fixture.devices.fetch(fixture.phone, of: fixture.anna) != nil)
        }
    }

    @Test func theFirstUseOfANewAccessTokenSpendsTheOldPair() async throws {
        try await withTestDatabase { database in
            let fixture = try await Fixture(database)
            let refreshed = RefreshOutcome.refreshed(user: fixture.anna, device: fixture.phone)
            try await fixture.start(1, refresh: 10)
            #expect(try await fixture.exchange(10, access: 2, refresh: 11) == refreshed)
            try await fixture.sessions.noteUse(of: [2], at: Self.now)
            try await fixture.sessions.noteUse(of: [2], at: Self.now)
            #expect(try await fixture.exchange(10, access: 3, refresh: 12) == .reused)
        }
    }

    @Test func aLockedUserRefreshesNothing() async throws {
        try await withTestDatabase { database in
            let fixture = try await Fixture(database)
            try await fixture.start(1, refresh: 10)
            let accounts = AccountStore(database: database)
            try await accounts.setLocked(fixture.anna, at: Self.now)
            #expect(try await fixture.exchange(10, access: 2, refresh: 11) == .locked)
            try await accounts.setLocked(fixture.anna, at: nil)
            #expect(
                try await fixture.exchange(10, access: 2, refresh: 11)
                    == .refreshed(user: fixture.anna, device: fixture.phone))
        }
    }

    @Test func aReplacedAccessTokenExpiresSoon() async throws {
        try await withTestDatabase { database in
            let fixture = try await Fixture(database)
            try await fixture.start(1, refresh: 10)
            _ = try await fixture.exchange(10, access: 2, refresh: 11)
            #expect(try await fixture.accessTokens() == [[1], [2]])
            try await fixture.sessions.noteUse(of: [2], at: Self.now)
            let later = Self.now.advanced(by: .milliseconds(SessionStore.replacedTokenGraceMs + 1))
            #expect(try await fixture.sessions.dropExpired(of: fixture.anna, device: fixture.phone, at: later) == 1)
            #expect(try await fixture.accessTokens() == [[2]])
        }
    }
}
