import CanonicalJSON
import Events
import Identifiers
import ReplicationLog
import RoomReading
import Storage
import Sync
import Testing
import WorkerContracts

/// The parts of a sync worker that need no database.
@Suite struct SyncPartsTests {
    private static func room(_ number: Int) throws -> RoomID { try #require(RoomID("!\(number):test.example")) }
    private static func user(_ name: String) throws -> UserID { try #require(UserID("@\(name):test.example")) }

    // MARK: Typing

    private func type(_ board: TypingBoard, _ users: [UserID], in room: RoomID, _ counter: Int64, boot: String = "b")
        -> [RoomID]
    {
        board.apply(
            .message(.typing(RoomTyping(room: room, users: users, boot: boot, counter: counter)), writer: "w"))
    }

    @Test func olderTypingOfOneBootIsIgnoredAndAnotherBootCounts() throws {
        let board = TypingBoard()
        let (room, bob) = (try Self.room(1), try Self.user("bob"))
        #expect(type(board, [bob], in: room, 5) == [room])
        #expect(type(board, [], in: room, 5) == [])
        #expect(type(board, [bob], in: room, 6) == [])
        #expect(type(board, [], in: room, 1, boot: "c") == [room])
    }

    @Test func forgottenTypingIsToldToThoseWhoMayNotKnow() throws {
        let board = TypingBoard(roomsMax: 3)
        let bob = try Self.user("bob")
        let rooms = try (0..<5).map { try Self.room($0) }
        _ = type(board, [bob], in: rooms[0], 1)
        let known = board.news(since: .none, isJoined: { _ in true }, joined: { rooms })
        #expect(known.rooms == [rooms[0]: [bob]])
        _ = type(board, [], in: rooms[0], 2)
        for (index, room) in rooms.enumerated().dropFirst() { _ = type(board, [bob], in: room, Int64(index)) }
        // The end of typing in the first room was forgotten for the others: the token says that the client believes in it.
        let later = board.news(since: known.position, isJoined: { _ in true }, joined: { rooms })
        #expect(later.rooms[rooms[0]] == [])
        #expect(later.rooms[rooms[4]] == [bob])
        let again = board.news(since: later.position, isJoined: { _ in true }, joined: { rooms })
        #expect(again.rooms.isEmpty)
    }

    // MARK: Members told

    private func token(_ position: Int64) throws -> SyncToken {
        SyncToken(
            cut: Cut(generation: 1, positions: [ShardSequence(position)]), toDevice: .zero, typing: .none,
            user: try Self.user("alice"))
    }

    @Test func membersCountAsToldOnceTheClientComesBack() throws {
        let told = ToldMembers<SyncToken>()
        let viewer = Viewer(user: try Self.user("alice"), device: try #require(DeviceID("D")))
        let (room, bob, carol) = (try Self.room(1), try Self.user("bob"), try Self.user("carol"))
        told.tell(viewer, since: nil, members: [:], added: [room: [bob]], next: try token(1))
        #expect(told.told(viewer, since: nil) == [:])
        let known = told.told(viewer, since: try token(1))
        #expect(known == [room: [bob]])
        told.tell(viewer, since: try token(1), members: known, added: [room: [carol]], next: try token(2))
        // The same token again: the answer was lost.
        #expect(told.told(viewer, since: try token(1)) == [room: [bob]])
        #expect(told.told(viewer, since: try token(2)) == [room: [bob, carol]])
        #expect(told.told(viewer, since: try token(3)) == [:])
    }

    @Test func devicesBeyondTheBoundAreToldAgain() throws {
        let told = ToldMembers<SyncToken>(devicesMax: 2)
        let (room, bob) = (try Self.room(1), try Self.user("bob"))
        let viewers = try (0..<3).map { Viewer(user: try Self.user("alice"), device: try #require(DeviceID("D\($0)"))) }
        for viewer in viewers {
            told.tell(viewer, since: nil, members: [:], added: [room: [bob]], next: try token(1))
        }
        #expect(told.told(viewers[0], since: try token(1)) == [:])
        #expect(told.told(viewers[2], since: try token(1)) == [room: [bob]])
    }

    // MARK: State

    private static func step(_ position: Int64, _ before: String?, _ after: String?, key: String = "")
        -> StateHistoryStep
    {
        StateHistoryStep(
            position: ShardSequence(position), key: StateMapKey(type: "t", stateKey: key),
            before: before.flatMap { EventID($0) }, after: after.flatMap { EventID($0) },
            root: StateRootID(position))
    }

    struct ChoiceCase: Sendable {
        let steps: [StateHistoryStep]
        let timeline: [String]
        /// Told beside the timeline, and told when state comes as it is after the timeline.
        let expected: ([String], [String])
    }

    /// The timeline begins after position 10.
    static let choices = [
        // Before the timeline.
        ChoiceCase(steps: [step(5, nil, "$a")], timeline: [], expected: (["$a"], ["$a"])),
        // In it.
        ChoiceCase(steps: [step(15, nil, "$a")], timeline: ["$a"], expected: ([], ["$a"])),
        // Before, and again in it: both, for the client goes through them in order.
        ChoiceCase(steps: [step(5, nil, "$a"), step(15, "$a", "$b")], timeline: ["$b"], expected: (["$a"], ["$b"])),
        // By state resolution, or filtered out of the timeline.
        ChoiceCase(steps: [step(15, "$x", "$a")], timeline: ["$z"], expected: (["$a"], ["$a"])),
        ChoiceCase(steps: [step(5, "$x", "$y"), step(15, "$y", "$a")], timeline: [], expected: (["$a"], ["$a"])),
        // There and back.
        ChoiceCase(steps: [step(5, "$x", "$a"), step(6, "$a", "$x")], timeline: [], expected: ([], [])),
        // Out of the state: no event can say so.
        ChoiceCase(steps: [step(15, "$x", nil)], timeline: [], expected: ([], [])),
    ]

    @Test(arguments: choices) func clientIsToldWhatTheTimelineDoesNotSay(_ test: ChoiceCase) {
        let deltas = StateDelta.folding(test.steps, middle: ShardSequence(10))
        let timeline = Set(test.timeline.compactMap { EventID($0) })
        let beside = StateChoice.events(of: deltas, timeline: timeline, usesStateAfter: false)
        let after = StateChoice.events(of: deltas, timeline: timeline, usesStateAfter: true)
        #expect(beside.map(\.rawValue) == test.expected.0)
        #expect(after.map(\.rawValue) == test.expected.1)
    }
}
