import Identifiers
import PushRules
import RoomReading
import Storage

/// Says which events notify whom.
struct PushJudge: Sendable {
    let events: EventStore
    let contexts: PushContexts

    /// The notifications that follow from `candidates`.
    func deliveries(
        for candidates: [PushAudience.Candidate], audience: inout PushAudience
    ) async throws -> [PushDelivery] {
        let readers = try await audience.readers(candidates.reduce(into: []) { $0.formUnion($1.users) })
        let membersCounted = readers.values.map(\.rules.membersCounted).max() ?? 0
        let rooms = try await contexts.rooms(
            Array(Set(candidates.map(\.room))), for: nil, countingTo: membersCounted)
        var deliveries: [PushDelivery] = []
        for (room, own) in Dictionary(grouping: candidates, by: \.room) {
            guard let known = rooms[room] else { continue }
            let users = own.reduce(into: [ShardSequence: Set<UserID>]()) {
                $0[$1.position, default: []].formUnion($1.users)
            }
            let everybody = users.values.reduce(into: Set<UserID>()) { $0.formUnion($1) }
            let names = try await names(in: room, of: everybody, readers)
            let positions = users.keys.sorted()
            for start in stride(from: 0, to: positions.count, by: EventStore.eventsMax) {
                let part = Array(positions.dropFirst(start).prefix(EventStore.eventsMax))
                let found = try await events.events(at: part, of: room, rules: known.placement.version.rules)
                let threads = try await contexts.followedThreads(
                    of: found.map(\.event.id), in: room, by: Array(everybody))
                for stored in found {
                    for user in users[stored.position] ?? [] {
                        var context = known.context
                        context.displayName = names[user]
                        context.isThreadSubscribed = threads.isFollowing(user, stored.event.id)
                        guard let reader = readers[user],
                            let actions = judge(stored, for: user, reader, context, audience)
                        else { continue }
                        deliveries += audience.pushers(of: user).map { pusher in
                            PushDelivery(
                                pusher: pusher, room: room, position: stored.position, event: stored.event.id,
                                tweaks: actions.tweaks)
                        }
                    }
                }
            }
        }
        return deliveries
    }

    /// The names in a room of those whose rules ask for them.
    private func names(
        in room: RoomID, of users: Set<UserID>, _ readers: [UserID: PushReader]
    ) async throws -> [UserID: String] {
        var names: [UserID: String] = [:]
        for user in users where readers[user]?.rules.usesDisplayName ?? false {
            names[user] = try await contexts.rooms([room], for: user, countingTo: 0)[room]?.context.displayName
        }
        return names
    }

    /// - Returns: `nil` when the event does not notify the user.
    private func judge(
        _ stored: StoredEvent, for user: UserID, _ reader: PushReader, _ context: PushContext, _ audience: PushAudience
    ) -> PushActions? {
        guard !reader.ignored.contains(stored.event.sender), stored.redactedBy == nil,
            let own = audience.membership(of: user, in: stored.event.room), own.position <= stored.position,
            let actions = reader.rules.actions(for: stored.event, context), actions.notifies
        else { return nil }
        return actions
    }
}
