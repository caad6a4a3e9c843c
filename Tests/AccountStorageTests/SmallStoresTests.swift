import CanonicalJSON
import Identifiers
import Postgres
import Storage
import TestSupport
import Testing

@Suite struct AliasStoreTests {
    @Test func anAliasPointsToOneRoomAndOnlyOnceThatRoomExists() async throws {
        try await withTestDatabase { database in
            let aliases = AliasStore(database: database)
            let anna = try AccountStoreTests.user("anna")
            let alias = try #require(RoomAlias("#pub:test.example"))
            let (first, second) = (try #require(RoomID("!first")), try #require(RoomID("!second")))
            let now = AccountStoreTests.now
            #expect(try await aliases.reserve(alias, for: first, by: anna, at: now))
            #expect(try await aliases.fetch(alias) == nil)
            #expect(try await !aliases.reserve(alias, for: second, by: anna, at: now))
            try await Self.makeRoom(first, database)
            #expect(try await aliases.fetch(alias)?.room == first)
            let muchLater = now.advanced(by: .milliseconds(AliasStore.reservationMs * 2))
            #expect(try await !aliases.reserve(alias, for: second, by: anna, at: muchLater))
            #expect(try await aliases.list(of: first) == [alias])
            #expect(try await !aliases.delete(alias, of: second))
            #expect(try await aliases.delete(alias, of: first))
            #expect(try await aliases.fetch(alias) == nil)
        }
    }

    @Test func aReservationWithoutARoomLapses() async throws {
        try await withTestDatabase { database in
            let aliases = AliasStore(database: database)
            let anna = try AccountStoreTests.user("anna")
            let alias = try #require(RoomAlias("#pub:test.example"))
            let (first, second) = (try #require(RoomID("!first")), try #require(RoomID("!second")))
            let now = AccountStoreTests.now
            #expect(try await aliases.reserve(alias, for: first, by: anna, at: now))
            let atLimit = now.advanced(by: .milliseconds(AliasStore.reservationMs))
            #expect(try await !aliases.reserve(alias, for: second, by: anna, at: atLimit))
            let after = atLimit.advanced(by: .milliseconds(1))
            #expect(try await aliases.reserve(alias, for: second, by: anna, at: after))
        }
    }

    static func makeRoom(_ room: RoomID, _ database: PostgresDatabase) async throws {
        _ = try await database.query(
            "INSERT INTO room (room_id, shard, version, created_at_ms) VALUES ($1, 0, '12', 0)", room.rawValue)
    }
}

@Suite struct FilterStoreTests {
    @Test func anEqualFilterKeepsItsNumber() async throws {
        try await withTestDatabase { database in
            let filters = FilterStore(database: database)
            let anna = try AccountStoreTests.user("anna")
            let bert = try AccountStoreTests.user("bert")
            let small: JSONObject = ["room": ["timeline": ["limit": 1]]]
            #expect(try await filters.insert(small, of: anna) == 0)
            #expect(try await filters.insert(["event_format": "client"], of: anna) == 1)
            #expect(try await filters.insert(small, of: anna) == 0)
            #expect(try await filters.insert(small, of: bert) == 0)
            #expect(try await filters.fetch(1, of: anna) == ["event_format": "client"])
            #expect(try await filters.fetch(1, of: bert) == nil)
        }
    }

    @Test func filtersAtOnceGetDifferentNumbers() async throws {
        try await withTestDatabase { database in
            let filters = FilterStore(database: database)
            let anna = try AccountStoreTests.user("anna")
            let numbers = try await withThrowingTaskGroup(of: Int32?.self) { group in
                for limit in 0..<4 {
                    group.addTask {
                        try await filters.insert(["room": ["timeline": ["limit": .int(Int64(limit))]]], of: anna)
                    }
                }
                return try await group.reduce(into: Set<Int32?>()) { $0.insert($1) }
            }
            #expect(numbers == [0, 1, 2, 3])
        }
    }

    @Test func aUserHasAtMostSoManyFilters() async throws {
        try await withTestDatabase { database in
            let filters = FilterStore(database: database)
            let anna = try AccountStoreTests.user("anna")
            _ = try await database.query(
                """
                INSERT INTO filter (user_id, filter_id, json)
                SELECT $1, n, convert_to('{"n":' || n || '}', 'UTF8') FROM generate_series(0, $2::bigint - 2) AS n
                """,
                anna.rawValue, Int64(FilterStore.filtersMax))
            #expect(try await filters.insert(["last": true], of: anna) == Int32(FilterStore.filtersMax - 1))
            #expect(try await filters.insert(["over": true], of: anna) == nil)
            #expect(try await filters.insert(["last": true], of: anna) == Int32(FilterStore.filtersMax - 1))
        }
    }
}

@Suite struct ProfileStoreTests {
    @Test func fieldsAreSetReadAndRemoved() async throws {
        try await withTestDatabase { database in
            let profiles = ProfileStore(database: database)
            let anna = try AccountStoreTests.user("anna")
            #expect(try await profiles.fetch(anna) == nil)
            _ = try await AccountStore(database: database).register(AccountStoreTests.registration(anna))
            #expect(try await profiles.fetch(anna) == JSONObject())
            #expect(try await profiles.set("displayname", to: "Anna", of: anna) == .stored)
            #expect(try await profiles.set("displayname", to: "Anna \u{0} NUL", of: anna) == .stored)
            #expect(try await profiles.set("m.tz", to: ["a": 1], of: anna) == .stored)
            #expect(try await profiles.fetch(anna) == ["displayname": "Anna \u{0} NUL", "m.tz": ["a": 1]])
            #expect(try await profiles.memberFields(of: [anna]) == [anna: ["displayname": "Anna \u{0} NUL"]])
            try await profiles.delete("displayname", of: anna)
            #expect(try await profiles.fetch(anna) == ["m.tz": ["a": 1]])
        }
    }

    @Test func aProfileIsNoLargerThanItsLimit() async throws {
        try await withTestDatabase { database in
            let profiles = ProfileStore(database: database)
            let anna = try AccountStoreTests.user("anna")
            _ = try await AccountStore(database: database).register(AccountStoreTests.registration(anna))
            // Two quotes and the key of four bytes count too.
            let fits = String(repeating: "x", count: ProfileStore.bytesMax - 6)
            #expect(try await profiles.set("a.aa", to: .string(fits), of: anna) == .stored)
            #expect(try await profiles.set("a.aa", to: .string(fits + "x"), of: anna) == .tooLarge)
            #expect(try await profiles.set("b.bb", to: 1, of: anna) == .tooLarge)
        }
    }
}
