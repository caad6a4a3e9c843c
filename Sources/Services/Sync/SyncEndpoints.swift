import HTTPServer
import MatrixHTTP

/// The endpoints of the sync worker, one line each.
package enum SyncEndpoints {
    package typealias Entry = EndpointEntry<SyncParts>

    package static let entries: [Entry] = [
        Entry {
            GetSync(
                filters: $0.filters, syncs: $0.runner, initialPlaces: $0.initialPlaces,
                bytesInFlight: $0.bytesInFlight, pace: $0.pace, presence: $0.devicePresence)
        },
        Entry { GetInitialSync(syncs: $0.runner, initialPlaces: $0.initialPlaces, pace: $0.pace) },
        Entry { GetEvents(syncs: $0.runner) },
        Entry { PostSlidingSync(server: $0.sliding) },
        Entry { PostSync(server: $0.sliding) },
        Entry {
            GetKeyChanges(
                polls: $0.runner.polls, finder: $0.runner.composer.sections.finder,
                lists: $0.runner.composer.sections.encryption.lists,
                transitions: MembershipTransitions(store: $0.runner.composer.sections.memberships))
        },
        Entry {
            GetPresence(
                board: $0.devicePresence?.board, users: $0.runner.composer.users, tail: $0.tail, activity: $0.activity)
        },
    ]

    /// Where the endpoints are, without making any.
    package static var routes: [Route] { entries.map(\.route) }

    package static func all(_ parts: SyncParts) -> [any Endpoint] { entries.map { $0.make(parts) } }
}
