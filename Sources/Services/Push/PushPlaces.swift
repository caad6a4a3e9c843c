import Identifiers

// have a share of the places at most, and pushers that failed last time have places of their own: those whose gateways
// answer never wait for those whose do not.

/// Who of the pushers is being served, and for whom there is a place.
package struct PushPlaces: Sendable {
    /// Pushers served at once whose gateways took what they were sent last.
    package static let healthyMax = 192
    /// Of those, pushers of one gateway.
    package static let perGatewayMax = 48
    /// Pushers served at once whose gateways did not.
    package static let failingMax = 64
    /// Of those, pushers of one gateway.
    package static let failingPerGatewayMax = 8

    private struct Class: Hashable {
        let gateway: ByteOrderedText?
        let isFailing: Bool
    }

    private var places: [Int64: Class] = [:]
    private var counts: [Class: Int] = [:]

    package init() {}

    /// The pushers being served.
    package var taken: [Int64] { Array(places.keys) }

    /// Takes a place.
    ///
    /// - Returns: `false` when the pusher has one, or there is none left for it.
    package mutating func take(_ pusher: Int64, of gateway: String, isFailing: Bool) -> Bool {
        let own = Class(gateway: ByteOrderedText(gateway), isFailing: isFailing)
        let all = Class(gateway: nil, isFailing: isFailing)
        guard places[pusher] == nil,
            counts[own, default: 0] < (isFailing ? Self.failingPerGatewayMax : Self.perGatewayMax),
            counts[all, default: 0] < (isFailing ? Self.failingMax : Self.healthyMax)
        else { return false }
        places[pusher] = own
        counts[own, default: 0] += 1
        counts[all, default: 0] += 1
        return true
    }

    package mutating func giveBack(_ pusher: Int64) {
        guard let own = places.removeValue(forKey: pusher) else { return }
        for taken in [own, Class(gateway: nil, isFailing: own.isFailing)] {
            let left = counts[taken, default: 1] - 1
            counts[taken] = left > 0 ? left : nil
        }
    }
}
