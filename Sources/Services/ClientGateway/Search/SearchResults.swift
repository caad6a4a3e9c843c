import CanonicalJSON
import ClientAPI
import Events
import Identifiers
import NIOCore
import RoomReading
import Storage

/// Writes out a page of search results (spec v1.19, "Server Side Search").
struct SearchResults: Sendable {
    let pages: EventPages
    let served: ServedEvents
    let lists: StateLists
    let lazyMembers: LazyMembers

    func answer(
        _ page: SearchFinder.Page, to request: SearchRequest, for viewer: Viewer
    ) async throws -> [UInt8] {
        let shown = try await serve(page.results, to: viewer)
        var writer = JSONWriter(reservingBytes: 2_048 * (page.results.count + 1))
        writer.beginObject()
        writer.key("search_categories")
        writer.beginObject()
        writer.key("room_events")
        writer.beginObject()
        writer.member("count", max(page.count, Int64(page.results.count)))
        if !request.groups.isEmpty { writer.member("groups", Self.groups(page, request.groups)) }
        writer.member("highlights", .array(request.terms.highlights.map { .string($0) }))
        if let next = page.next { writer.member("next_batch", SearchToken(place: next).text) }
        writer.key("results")
        writer.beginArray()
        for result in page.results {
            guard let event = shown[result.event.event.id] else { continue }
            writer.beginObject()
            if let context = request.context {
                writer.key("context")
                try await write(context, around: result, to: viewer, &writer)
            }
            writer.member("rank", .double(result.hit.rank))
            writer.member("result", raw: event)
            writer.endObject()
        }
        writer.endArray()
        if request.includesState { try await writeStates(of: page.results, to: &writer) }
        writer.endObject()
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }

    private func serve(_ results: [SearchFinder.Result], to viewer: Viewer) async throws -> [EventID: [UInt8]] {
        var shown: [EventID: [UInt8]] = [:]
        for results in Dictionary(grouping: results, by: \.hit.room).values {
            guard let view = results.first?.view else { continue }
            for event in try await served.serve(results.map(\.event), to: viewer, in: view, includesRoom: true) {
                shown[event.stored.event.id] = event.bytes()
            }
        }
        return shown
    }

    /// The results by room or sender, those with the best first.
    private static func groups(_ page: SearchFinder.Page, _ kinds: [SearchRequest.Group]) -> JSONObject {
        var groups = JSONObject()
        for kind in kinds {
            var members: [ByteOrderedText: [SearchFinder.Result]] = [:]
            var order: [ByteOrderedText] = []
            for result in page.results {
                let key = kind == .room ? result.hit.room.text : result.event.event.sender.text
                if members[key] == nil { order.append(key) }
                members[key, default: []].append(result)
            }
            var values = JSONObject()
            for (number, key) in order.enumerated() {
                let results = members[key] ?? []
                var value: JSONObject = [
                    "order": .int(Int64(number + 1)),
                    "results": .array(results.map { .string($0.event.event.id.rawValue) }),
                ]
                if page.next != nil, let last = results.last {
                    let token =
                        kind == .room
                        ? SearchToken(place: last.hit.place, room: last.hit.room)
                        : SearchToken(place: last.hit.place, sender: last.event.event.sender)
                    value["next_batch"] = .string(token.text)
                }
                values[key.string] = .object(value)
            }
            groups[kind.rawValue] = .object(values)
        }
        return groups
    }

    // MARK: Around results

    private func write(
        _ context: SearchRequest.Context, around result: SearchFinder.Result, to viewer: Viewer,
        _ writer: inout JSONWriter
    ) async throws {
        let (view, position) = (result.view, result.event.position)
        let before = position.advanced(by: -1)
        let earlier = try await pages.page(
            in: view, from: before, direction: .backward, limit: context.before, filter: EventFilter())
        let later = try await pages.page(
            in: view, from: position, direction: .forward, limit: context.after, filter: EventFilter())
        let shown = try await served.serve(
            earlier.events + later.events, to: viewer, in: view, includesRoom: true)
        let start = earlier.next ?? earlier.events.last.map { $0.position.advanced(by: -1) } ?? before
        let end = later.next ?? later.events.last?.position ?? position
        writer.beginObject()
        writer.member("end", PaginationToken(end).text)
        writer.member("events_after", shown[earlier.events.count...])
        writer.member("events_before", shown[..<earlier.events.count])
        if context.includesProfiles {
            let events = earlier.events + [result.event] + later.events
            writer.member("profile_info", try await profiles(of: events, in: view, at: position))
        }
        writer.member("start", PaginationToken(start).text)
        writer.endObject()
    }

    /// What the senders of `events` were called at `position`.
    private func profiles(
        of events: [StoredEvent], in view: RoomView, at position: ShardSequence
    ) async throws -> JSONObject {
        var profiles = JSONObject()
        for member in try await lazyMembers.senders(of: events, in: view, at: position) {
            guard let user = member.event.memberTarget else { continue }
            var profile = JSONObject()
            for key in ["displayname", "avatar_url"] {
                if let value = member.event.content[key], value.stringValue != nil { profile[key] = value }
            }
            profiles[user.rawValue] = .object(profile)
        }
        return profiles
    }

    private func writeStates(of results: [SearchFinder.Result], to writer: inout JSONWriter) async throws {
        writer.key("state")
        writer.beginObject()
        var written: Set<RoomID> = []
        for result in results where written.insert(result.hit.room).inserted {
            writer.key(result.hit.room.rawValue)
            var array: [UInt8] = []
            for piece in try await lists.pieces(at: result.view.position, in: result.view, .all) {
                array.append(contentsOf: piece.readableBytesView)
            }
            writer.raw([UInt8(ascii: "[")] + array.dropFirst() + [UInt8(ascii: "]")])
        }
        writer.endObject()
    }
}
