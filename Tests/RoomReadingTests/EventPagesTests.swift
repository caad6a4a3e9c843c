import CanonicalJSON
import ClientAPI
import Events
import Identifiers
import RoomReading
import Storage
import TestSupport
import Testing

@Suite struct EventPagesTests {
    /// All pages from one end, until there is no more.
    private func everything(
        _ reading: Reading, _ view: RoomView, _ direction: EventStore.Direction, limit: Int,
        filter: EventFilter = EventFilter()
    ) async throws -> (ids: [EventID], pages: Int) {
        var ids: [EventID] = []
        var place: ShardSequence?
        for count in 1...200 {
            let page = try await reading.pages.page(
                in: view, from: place, direction: direction, limit: limit, filter: filter)
            #expect(page.events.count <= limit)
            ids += page.events.map(\.event.id)
            guard let next = page.next else { return (ids, count) }
            #expect(next != place, "the next page begins where this one did")
            place = next
        }
        Issue.record("the pages have no end")
        return (ids, 0)
    }

    @Test(arguments: [1, 2, 3, 7, 100]) func pagesOfAnySizeHaveEachEventOnceAndEnd(_ limit: Int) async throws {
        try await Reading.with { reading in
            let (anna, bert) = (try user("anna"), try user("bert"))
            let room = try await StoredRoom.create(in: reading.database, by: anna)
            var sent: [EventID] = []
            for number in 0..<8 {
                if number == 3 { try await room.setMembership("join", of: bert) }
                sent.append(try await room.send("m.room.message", by: anna).id)
            }
            try await room.send("m.room.message", by: anna, isRejected: true)
            let view = try #require(try await reading.reader.open(room.room, for: anna))
            let filter = EventFilter(["types": ["m.room.message"]])
            let backward = try await everything(reading, view, .backward, limit: limit, filter: filter)
            #expect(backward.ids == sent.reversed())
            let forward = try await everything(reading, view, .forward, limit: limit, filter: filter)
            #expect(forward.ids == sent)
            // Create, join, eight messages and the other's join: the last full page knows that it is the last.
            let all = try await everything(reading, view, .backward, limit: limit)
            #expect(all.ids.count == 11)
            #expect(all.pages == (11 + limit - 1) / limit)
        }
    }

    @Test func onlyVisibleStretchesAreReadHoweverMuchLiesBetween() async throws {
        try await Reading.with { reading in
            let (anna, bert) = (try user("anna"), try user("bert"))
            let room = try await StoredRoom.create(in: reading.database, by: anna)
            try await room.setVisibility("joined", by: anna)
            var visible: [EventID] = []
            for _ in 0..<3 {
                try await room.fill(50, by: anna)
                visible.append(try await room.setMembership("join", of: bert).id)
                visible.append(try await room.send("m.room.message", by: anna).id)
                visible.append(try await room.setMembership("leave", of: bert).id)
            }
            let view = try #require(try await reading.reader.open(room.room, for: bert))
            let before = reading.counted.count
            let page = try await reading.pages.page(
                in: view, from: nil, direction: .backward, limit: 50, filter: EventFilter())
            // What was shared before the room's visibility was set is visible too: create, the creator's join, the change.
            #expect(Array(page.events.map(\.event.id).prefix(9)) == visible.reversed())
            #expect(page.events.count == 12)
            #expect(page.next == nil)
            #expect(reading.counted.count - before == 4)
            let pages = try await everything(reading, view, .forward, limit: 2)
            #expect(Array(pages.ids.suffix(9)) == visible)
        }
    }

    @Test func aPageStopsAtTheOtherPlace() async throws {
        try await Reading.with { reading in
            let anna = try user("anna")
            let room = try await StoredRoom.create(in: reading.database, by: anna)
            var sent: [StoredRoom.Stored] = []
            for _ in 0..<6 { sent.append(try await room.send("m.room.message", by: anna)) }
            let view = try #require(try await reading.reader.open(room.room, for: anna))
            func page(from: Int, to: Int, _ direction: EventStore.Direction) async throws -> EventPages.Page {
                try await reading.pages.page(
                    in: view, from: sent[from].position, to: sent[to].position, direction: direction, limit: 10,
                    filter: EventFilter())
            }
            let backward = try await page(from: 4, to: 1, .backward)
            #expect(backward.events.map(\.event.id) == [sent[4].id, sent[3].id, sent[2].id])
            #expect(backward.next == nil)
            let forward = try await page(from: 1, to: 4, .forward)
            #expect(forward.events.map(\.event.id) == [sent[2].id, sent[3].id, sent[4].id])
            #expect(forward.next == nil)
            let none = try await page(from: 1, to: 4, .backward)
            #expect(none.events.isEmpty && none.next == nil)
        }
    }

    @Test func aFilterThatNothingPassesEndsThePageAtTheBoundAndNotTheHistory() async throws {
        try await Reading.with { reading in
            let anna = try user("anna")
            let room = try await StoredRoom.create(in: reading.database, by: anna)
            let rare = try await room.send("m.rare", by: anna)
            try await room.fill(EventPages.scannedMax + 10, by: anna)
            let view = try #require(try await reading.reader.open(room.room, for: anna))
            let filter = EventFilter(["types": ["m.rare"]])
            let before = reading.counted.count
            let page = try await reading.pages.page(
                in: view, from: nil, direction: .backward, limit: 5, filter: filter)
            #expect(page.events.isEmpty)
            #expect(page.next != nil)
            #expect(reading.counted.count - before <= EventPages.queriesMax)
            let found = try await everything(reading, view, .backward, limit: 5, filter: filter)
            #expect(found.ids == [rare.id])
            #expect(found.pages == 2)
        }
    }

    @Test func manySmallStretchesEndThePageAtItsStatements() async throws {
        try await Reading.with { reading in
            let (anna, bert) = (try user("anna"), try user("bert"))
            let room = try await StoredRoom.create(in: reading.database, by: anna)
            try await room.setVisibility("joined", by: anna)
            let stays = EventPages.queriesMax + 6
            for _ in 0..<stays {
                try await room.setMembership("join", of: bert)
                try await room.setMembership("leave", of: bert)
                try await room.send("m.room.message", by: anna)
            }
            let view = try #require(try await reading.reader.open(room.room, for: bert))
            let before = reading.counted.count
            let page = try await reading.pages.page(
                in: view, from: nil, direction: .backward, limit: EventPages.limitMax, filter: EventFilter())
            #expect(page.next != nil)
            #expect(reading.counted.count - before == EventPages.queriesMax)
            let all = try await everything(reading, view, .backward, limit: EventPages.limitMax)
            #expect(all.ids.count == stays * 2 + 3)
            #expect(Set(all.ids).count == all.ids.count)
        }
    }

    @Test func aPageOfLargeEventsEndsAtItsBytes() async throws {
        try await Reading.with { reading in
            let anna = try user("anna")
            let room = try await StoredRoom.create(in: reading.database, by: anna)
            let large = String(repeating: "x", count: 60_000)
            let count = EventPages.bytesMax / 60_000 + 5
            for _ in 0..<count { try await room.send("m.large", by: anna, ["body": .string(large)]) }
            let view = try #require(try await reading.reader.open(room.room, for: anna))
            let page = try await reading.pages.page(
                in: view, from: nil, direction: .backward, limit: EventPages.limitMax, filter: EventFilter())
            #expect(page.events.map(\.byteCount).reduce(0, +) >= EventPages.bytesMax)
            #expect(page.events.dropLast().map(\.byteCount).reduce(0, +) < EventPages.bytesMax)
            let rest = try await reading.pages.page(
                in: view, from: page.next, direction: .backward, limit: EventPages.limitMax, filter: EventFilter())
            #expect(page.events.count + rest.events.count == count + 2)
        }
    }

    @Test func aFilterForOtherRoomsLeavesNothing() async throws {
        try await Reading.with { reading in
            let anna = try user("anna")
            let room = try await StoredRoom.create(in: reading.database, by: anna)
            let view = try #require(try await reading.reader.open(room.room, for: anna))
            let page = try await reading.pages.page(
                in: view, from: nil, direction: .backward, limit: 5, filter: EventFilter(["rooms": ["!x:y"]]))
            #expect(page.events.isEmpty && page.next == nil)
        }
    }

    /// One event must be by one of the senders and of one of the types, where both are asked for.
    @Test func onlyWhatIsRelatedToAsAskedIsOnAPage() async throws {
        try await Reading.with { reading in
            let (anna, bert) = (try user("anna"), try user("bert"))
            let room = try await StoredRoom.create(in: reading.database, by: anna)
            try await room.setMembership("join", of: bert)
            func relate(_ type: String, to parent: EventID, by sender: UserID) async throws {
                try await room.send(
                    "m.room.message", by: sender,
                    ["m.relates_to": ["rel_type": .string(type), "event_id": .string(parent.rawValue)]])
            }
            let (first, second) = (
                try await room.send("m.room.message", by: anna).id, try await room.send("m.room.message", by: anna).id
            )
            try await room.send("m.room.message", by: anna)
            try await relate("m.thread", to: first, by: anna)
            try await relate("m.reference", to: first, by: bert)
            try await relate("m.thread", to: second, by: bert)
            let view = try #require(try await reading.reader.open(room.room, for: anna))
            func found(_ filter: JSONObject) async throws -> [EventID] {
                try await reading.pages.page(
                    in: view, from: nil, direction: .forward, limit: 50, filter: EventFilter(filter)
                ).events.map(\.event.id)
            }
            let (threads, byBert): (JSONValue, JSONValue) = (["m.thread"], [.string(bert.rawValue)])
            #expect(try await found(["related_by_rel_types": threads]) == [first, second])
            #expect(try await found(["related_by_senders": byBert]) == [first, second])
            #expect(try await found(["related_by_rel_types": threads, "related_by_senders": byBert]) == [second])
            #expect(try await found(["related_by_rel_types": []]) == [])
        }
    }
}
