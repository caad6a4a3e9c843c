import CanonicalJSON
import Events
import Identifiers
import Storage

// Depth first, each room once: a space may be in itself. A page is found by walking from the root again; what was shown
// before is skipped. So a token is three numbers, there is nothing to keep between requests, and the walk is bounded.

/// Walks over a space as one user sees it.
struct SpaceWalk {
    /// The most rooms of a walk; what comes after them is not shown.
    static let roomsMax = 2_000
    static let depthMax = 20
    /// The most children of one space.
    static let childrenMax = 1_000

    let previews: RoomPreviews
    let user: UserID
    let depthMax: Int
    let isSuggestedOnly: Bool
    private var seen: Set<RoomID> = []
    private var found: [JSONObject] = []

    init(previews: RoomPreviews, user: UserID, depthMax: Int, isSuggestedOnly: Bool) {
        self.previews = previews
        self.user = user
        self.depthMax = depthMax
        self.isSuggestedOnly = isSuggestedOnly
    }

    private struct Stop {
        let preview: RoomPreview
        let depth: Int
    }

    /// The first rooms of the walk from `root`, at most `limit`; none when the user may not see `root`.
    mutating func rooms(from root: RoomID, limit: Int) async throws -> [JSONObject] {
        let limit = min(limit, Self.roomsMax)
        var stack = try await visible([root]).map { Stop(preview: $0, depth: 0) }
        while let stop = stack.popLast(), found.count < limit {
            guard seen.insert(stop.preview.room).inserted else { continue }
            let children = try await children(of: stop.preview)
            var object = stop.preview.summary
            object["children_state"] = .array(children.map(\.json))
            found.append(object)
            guard stop.depth < depthMax else { continue }
            let next = try await visible(children.map(\.room).filter { !seen.contains($0) })
            stack += next.reversed().map { Stop(preview: $0, depth: stop.depth + 1) }
        }
        return found
    }

    /// Previews of those of `rooms` that the user may see, in the order given.
    private func visible(_ rooms: [RoomID]) async throws -> [RoomPreview] {
        var visible: [RoomPreview] = []
        for start in stride(from: 0, to: rooms.count, by: RoomPreviews.roomsMax) {
            let part = Array(rooms[start..<min(start + RoomPreviews.roomsMax, rooms.count)])
            let fetched = try await previews.fetch(part)
            let allowed = try await previews.visible(Array(fetched.values), to: user)
            visible += part.compactMap { allowed[$0] == nil ? nil : fetched[$0] }
        }
        return visible
    }

    private func children(of preview: RoomPreview) async throws -> [SpaceChild] {
        guard preview.isSpace else { return [] }
        let events = try await previews.facts.state(
            ofType: SpaceChild.type, in: preview.room, version: preview.state.placement.version,
            limit: Self.childrenMax)
        return events.compactMap { SpaceChild($0) }.filter { !isSuggestedOnly || $0.isSuggested }.sorted()
    }
}
