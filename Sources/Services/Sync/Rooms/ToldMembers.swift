import Collections
import Identifiers
import RoomReading
import Synchronization

// A client that loads members lazily is told about a sender once. What it has been told is known only here: it is a
// matter of one chain of tokens on one worker. An answer may be lost, so what was in it counts only once the client comes
// back with its token; a client that comes with any other token knows nothing, and is told again.

/// Which members each device has been told about, by the tokens it comes with.
package final class ToldMembers<Token: Hashable & Sendable>: Sendable {
    /// Devices remembered; beyond, those that synced longest ago are told again.
    package static var devicesMax: Int { 5_000 }
    /// Members remembered over all devices.
    package static var membersMax: Int { 500_000 }

    private struct Key: Hashable {
        let user: UserID
        let device: DeviceID
        let connection: String
    }

    package typealias Members = [RoomID: Set<UserID>]

    private struct Known {
        /// What the client has when it comes with ``token``.
        var members: Members
        var token: Token
        /// What it has besides when it comes with ``nextToken``.
        var added: Members
        var nextToken: Token
        var count: Int { members.values.reduce(0) { $0 + $1.count } + added.values.reduce(0) { $0 + $1.count } }
    }

    private struct State {
        var devices: OrderedDictionary<Key, Known> = [:]
        var count = 0
    }

    private let devicesMax: Int
    private let state = Mutex(State())

    package init(devicesMax: Int = ToldMembers<Token>.devicesMax) { self.devicesMax = devicesMax }

    /// What a device that comes with `since` has been told.
    package func told(_ viewer: Viewer, connection: String = "", since: Token?) -> Members {
        guard let since else { return [:] }
        return state.withLock { state in
            guard let known = state.devices[Key(user: viewer.user, device: viewer.device, connection: connection)]
            else { return [:] }
            if known.nextToken == since {
                return known.members.merging(known.added) { $0.union($1) }
            }
            return known.token == since ? known.members : [:]
        }
    }

    /// A device that came with `since` and had been told `members` is told `added` in an answer that ends with `next`.
    package func tell(
        _ viewer: Viewer, connection: String = "", since: Token?, members: Members, added: Members, next: Token
    ) {
        let key = Key(user: viewer.user, device: viewer.device, connection: connection)
        let known = Known(members: members, token: since ?? next, added: added, nextToken: next)
        state.withLock { state in
            if let old = state.devices.removeValue(forKey: key) { state.count -= old.count }
            state.devices[key] = known
            state.count += known.count
            while state.devices.count > devicesMax || (state.count > Self.membersMax && state.devices.count > 1) {
                state.count -= state.devices.removeFirst().value.count
            }
        }
    }
}
