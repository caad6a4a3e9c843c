import ClusterOperations
import Identifiers
import Storage
import TestSupport
import Testing

struct AccountAdministrationTests {
    private static func with(
        _ body: (AccountAdministration, TestDatabase) async throws -> Void
    ) async throws {
        try await TestDatabase.with { test in
            let server = try #require(ServerName(TestDatabase.serverName))
            try await body(AccountAdministration(database: test.database, server: server), test)
        }
    }

    @Test func aUserIsMadeOnce() async throws {
        try await Self.with { administration, test in
            let user = try await administration.createUser("alice", password: "secret", isAdmin: true)
            #expect(user.rawValue == "@alice:\(TestDatabase.serverName)")
            let account = try await AccountStore(database: test.database).fetch(user)
            #expect(account?.isAdmin == true)
            #expect(account?.passwordHash?.hasPrefix("$argon2id$") == true)
            await #expect(throws: AccountAdministration.Problem.nameTaken(user.rawValue)) {
                try await administration.createUser("alice", password: "other", isAdmin: false)
            }
        }
    }

    @Test(arguments: ["", "Alice", "a b", "@alice:x", "ä"])
    func namesThatNoUserCanHaveAreRefused(name: String) async throws {
        try await Self.with { administration, _ in
            await #expect(throws: AccountAdministration.Problem.invalidName(name)) {
                try await administration.createUser(name, password: "secret", isAdmin: false)
            }
        }
    }

    @Test func tokensAreMadeOnceAndHaveTheSpecsForm() async throws {
        try await Self.with { administration, _ in
            #expect(try await administration.createRegistrationToken("abc", uses: 1, life: nil) == "abc")
            await #expect(throws: AccountAdministration.Problem.nameTaken("abc")) {
                try await administration.createRegistrationToken("abc", uses: nil, life: nil)
            }
            let random = try await administration.createRegistrationToken(nil, uses: nil, life: .seconds(60))
            #expect(random.utf8.count == 24)
            for bad in ["", "a b", String(repeating: "x", count: 65)] {
                await #expect(throws: AccountAdministration.Problem.invalidToken) {
                    try await administration.createRegistrationToken(bad, uses: nil, life: nil)
                }
            }
        }
    }
}
