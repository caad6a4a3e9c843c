import Identifiers
import RoomRules
import Storage
import Sync
import Testing

/// Who is known to be in which room.
@Suite struct PlacedUsersTests {
    private func user(_ number: Int) throws -> UserID { try #require(UserID("@u\(number):x")) }

    private func rooms(of user: UserID, _ names: [String]) throws -> UserRooms {
        UserRooms(
            user: user, shard: ShardID(0),
            rooms: try names.map { name in
                UserRoom(
                    room: try #require(RoomID("!\(name):x")),
                    placement: RoomPlacement(shard: ShardID(0), version: try #require(RoomVersion.supported.last)),
                    membership: .join,
                    position: ShardSequence(1), event: try #require(EventID("$e")), sender: user)
            })
    }

    private func text(_ name: String) throws -> ByteOrderedText { try #require(RoomID("!\(name):x")).text }

    @Test func aUserIsFoundInTheRoomsTheyWereLastSeenIn() throws {
        var placed = PlacedUsers()
        let (one, two) = (try user(1), try user(2))
        placed.enter(one, try rooms(of: one, ["a", "b"]))
        placed.enter(two, try rooms(of: two, ["b"]))
        let both = [try text("a"), try text("b")]
        #expect(placed.users(of: both, limit: 10) { _ in true } == [one, two])
        #expect(placed.users(of: both, limit: 10) { $0 == two } == [two])
        placed.enter(one, try rooms(of: one, ["c"]))
        #expect(placed.users(of: both, limit: 10) { _ in true } == [two])
        placed.leave(two)
        #expect(placed.users(of: both, limit: 10) { _ in true }.isEmpty)
        #expect(placed.users(of: [try text("c")], limit: 10) { _ in true } == [one])
    }

    @Test func fewAreFoundAndManyAreNotLookedAt() throws {
        var placed = PlacedUsers()
        for number in 0...PlacedUsers.looksMax {
            placed.enter(try user(number), try rooms(of: try user(number), ["a"]))
        }
        #expect(placed.users(of: [try text("a")], limit: 3) { _ in true }.count == 3)
        var looks = 0
        let found = placed.users(of: [try text("a")], limit: 3) { _ in
            looks += 1
            return false
        }
        #expect(found.isEmpty && looks == PlacedUsers.looksMax)
    }
}
