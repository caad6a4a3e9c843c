import Events
import Identifiers

/// What one user may see of one room's history: pure, so that every case can be put in a table.
///
/// Spec v1.19, client-server API, "Server behaviour" of room history visibility. Both the room's visibility and the
/// user's membership are taken at the event, by the order in which the room's current state changed. An event that itself
/// changes one of them is visible when either the value before or the value after it allows so.
public struct VisibilityRule: Sendable {
    /// A value from `position` on.
    public struct Step<Value: Sendable>: Sendable {
        public var position: ShardSequence
        public var value: Value

        public init(position: ShardSequence, value: Value) {
            self.position = position
            self.value = value
        }
    }

    /// The user's memberships, oldest first; before the first there is none.
    public let memberships: [Step<String>]
    /// The room's visibilities, oldest first; before the first it is `shared`.
    public let visibilities: [Step<HistoryVisibility>]
    /// Where the user last became, or stayed by a change, joined.
    private let lastJoin: ShardSequence?

    public init(memberships: [Step<String>], visibilities: [Step<HistoryVisibility>]) {
        self.memberships = memberships
        self.visibilities = visibilities
        lastJoin = memberships.last { Self.isJoin($0.value) }?.position
    }

    /// The user's membership as of the latest position known; `nil` when there never was one.
    public var membership: String? { memberships.last?.value }

    /// Where a user who was in the room and no longer is left it; `nil` for everybody else.
    public var departure: ShardSequence? {
        guard let last = memberships.lastIndex(where: { Self.isJoin($0.value) }), last + 1 < memberships.count else {
            return nil
        }
        return memberships[last + 1].position
    }

    /// Whether everybody may read what is sent as of the latest position known.
    public var isWorldReadable: Bool { visibilities.last?.value == .worldReadable }

    /// Whether the user has been in the room at any time.
    public var wasEverJoined: Bool { memberships.contains { Self.isJoin($0.value) } }

    /// Whether `position` is not after the user's last time in the room; the event that ends that time belongs to it.
    public func isWithinTimeInRoom(_ position: ShardSequence) -> Bool {
        wasEverJoined && departure.map { position <= $0 } ?? true
    }

    /// The user's membership at an event, the event itself included; `leave` when there never was one.
    public func membership(at position: ShardSequence) -> String {
        Self.value(of: memberships, at: position, inclusive: true) ?? "leave"
    }

    /// Whether the user was in the room at an event, the event itself included.
    public func wasJoined(at position: ShardSequence) -> Bool { Self.isJoin(membership(at: position)) }

    /// Whether the user may see the event at `position`.
    public func isVisible(at position: ShardSequence) -> Bool {
        let before = Self.value(of: visibilities, at: position, inclusive: false) ?? .shared
        let after = Self.value(of: visibilities, at: position, inclusive: true) ?? .shared
        let memberBefore = Self.value(of: memberships, at: position, inclusive: false) ?? "leave"
        let memberAfter = Self.value(of: memberships, at: position, inclusive: true) ?? "leave"
        for visibility in before == after ? [before] : [before, after] {
            if allows(visibility, memberBefore, position) || allows(visibility, memberAfter, position) { return true }
        }
        return false
    }

    /// The stretches up to `end` in which the user may see events, oldest first, with a gap between any two.
    ///
    /// What is visible changes only where a membership or a visibility does, so each of these positions and each stretch
    /// between two of them is asked about once.
    public func visibleRanges(upTo end: ShardSequence) -> [ClosedRange<ShardSequence>] {
        var ranges: [ClosedRange<ShardSequence>] = []
        func add(_ low: Int64, _ high: Int64) {
            guard low <= high, isVisible(at: ShardSequence(low)) else { return }
            if let last = ranges.last, last.upperBound.value + 1 == low {
                ranges[ranges.count - 1] = last.lowerBound...ShardSequence(high)
            } else {
                ranges.append(ShardSequence(low)...ShardSequence(high))
            }
        }
        var next = ShardSequence.zero.value + 1
        for position in Set(memberships.map(\.position) + visibilities.map(\.position)).sorted() {
            guard position.value >= next, position <= end else { continue }
            add(next, position.value - 1)
            add(position.value, position.value)
            guard position < end else { return ranges }
            next = position.value + 1
        }
        add(next, end.value)
        return ranges
    }

    private func allows(_ visibility: HistoryVisibility, _ membership: String, _ position: ShardSequence) -> Bool {
        if visibility == .worldReadable || Self.isJoin(membership) { return true }
        switch visibility {
        case .worldReadable: return true
        // Whoever joined afterwards may look back.
        case .shared: return lastJoin.map { $0 > position } ?? false
        case .invited: return membership.utf8.elementsEqual("invite".utf8)
        case .joined: return false
        }
    }

    private static func isJoin(_ membership: String) -> Bool { membership.utf8.elementsEqual("join".utf8) }

    /// The value in force before (or at) `position`.
    private static func value<Value>(
        of steps: [Step<Value>], at position: ShardSequence, inclusive: Bool
    ) -> Value? {
        var low = 0
        var high = steps.count
        while low < high {
            let middle = (low + high) / 2
            let isBefore = inclusive ? steps[middle].position <= position : steps[middle].position < position
            if isBefore { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : steps[low - 1].value
    }
}
