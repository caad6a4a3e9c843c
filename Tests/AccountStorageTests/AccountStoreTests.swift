import Identifiers
import Postgres
import Storage
import TestSupport
import Testing

@Suite struct AccountStoreTests {
    static let now = Timestamp(milliseconds: 1_000_000)

    static func user(_ name: String) throws -> UserID { try #require(UserID("@\(name):test.example")) }

    static func registration(_ user: UserID, token: String? = nil) -> AccountRegistration {
        AccountRegistration(
            user: user, shard: ShardID(3), passwordHash: "hash", isAdmin: false, createdAt: now,
            registrationToken: token)
    }

    @Test func aNameIsGivenOutOnce() async throws {
        try await withTestDatabase { database in
            let accounts = AccountStore(database: database)
            let anna = try Self.user("anna")
            #expect(try await accounts.fetch(anna) == nil)
            #expect(try await accounts.register(Self.registration(anna)) == .registered)
            #expect(try await accounts.register(Self.registration(anna)) == .nameTaken)
            let account = try #require(try await accounts.fetch(anna))
            #expect(account.shard == ShardID(3))
            #expect(account.passwordHash == "hash")
            #expect(!account.isDeactivated)
            #expect(try await accounts.shards(of: [anna, try Self.user("bert")]) == [anna: ShardID(3)])
        }
    }

    @Test func ofManyRegistrationsAtOnceOneGetsTheName() async throws {
        try await withTestDatabase { database in
            let accounts = AccountStore(database: database)
            let anna = try Self.user("anna")
            let outcomes = try await withThrowingTaskGroup(of: RegistrationOutcome.self) { group in
                for _ in 0..<10 { group.addTask { try await accounts.register(Self.registration(anna)) } }
                return try await group.reduce(into: [RegistrationOutcome]()) { $0.append($1) }
            }
            #expect(outcomes.filter { $0 == .registered }.count == 1)
            #expect(outcomes.filter { $0 == .nameTaken }.count == 9)
        }
    }

    @Test func aRegistrationTokenIsUsedNoOftenerThanAllowed() async throws {
        try await withTestDatabase { database in
            let accounts = AccountStore(database: database)
            let tokens = RegistrationTokenStore(database: database)
            #expect(try await tokens.insert("sesame", usesAllowed: 3, expiresAt: nil))
            #expect(try await !tokens.insert("sesame", usesAllowed: 9, expiresAt: nil))
            let outcomes = try await withThrowingTaskGroup(of: RegistrationOutcome.self) { group in
                for number in 0..<10 {
                    let user = try Self.user("user\(number)")
                    group.addTask { try await accounts.register(Self.registration(user, token: "sesame")) }
                }
                return try await group.reduce(into: [RegistrationOutcome]()) { $0.append($1) }
            }
            #expect(outcomes.filter { $0 == .registered }.count == 3)
            #expect(outcomes.filter { $0 == .tokenRefused }.count == 7)
            #expect(try await !tokens.isValid("sesame", at: Self.now))
        }
    }

    @Test func aTakenNameUsesUpNoToken() async throws {
        try await withTestDatabase { database in
            let accounts = AccountStore(database: database)
            let tokens = RegistrationTokenStore(database: database)
            let anna = try Self.user("anna")
            #expect(try await tokens.insert("once", usesAllowed: 1, expiresAt: nil))
            #expect(try await accounts.register(Self.registration(anna)) == .registered)
            #expect(try await accounts.register(Self.registration(anna, token: "once")) == .nameTaken)
            #expect(try await tokens.isValid("once", at: Self.now))
        }
    }

    @Test func anExpiredTokenIsRefused() async throws {
        try await withTestDatabase { database in
            let accounts = AccountStore(database: database)
            let tokens = RegistrationTokenStore(database: database)
            #expect(try await tokens.insert("late", usesAllowed: nil, expiresAt: Self.now))
            let outcome = try await accounts.register(Self.registration(try Self.user("anna"), token: "late"))
            #expect(outcome == .tokenRefused)
        }
    }
}
