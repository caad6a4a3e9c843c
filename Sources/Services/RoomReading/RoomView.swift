import Events
import Identifiers
import RoomRules
import Storage

/// A room as one user sees it up to one position: which of its events, and as who.
public struct RoomView: Sendable {
    public let room: RoomID
    public let user: UserID
    public let placement: RoomPlacement
    /// Everything after this is not there yet, whatever else is in the database.
    public let position: ShardSequence
    public let rule: VisibilityRule

    public var rules: RoomVersionRules { placement.version.rules }

    /// Whether the user is in the room at ``position``.
    public var isJoined: Bool { rule.membership.map { $0.utf8.elementsEqual("join".utf8) } ?? false }

    /// The stretches up to ``position`` in which the user may see events.
    public var visible: VisibleRanges {
        VisibleRanges(rule.visibleRanges(upTo: position), isCurrent: isJoined)
    }

    /// The same view, ending at `position`.
    public func clipped(to position: ShardSequence) -> RoomView {
        RoomView(room: room, user: user, placement: placement, position: min(self.position, position), rule: rule)
    }

    public func isVisible(_ event: StoredEvent) -> Bool { isVisible(at: event.position) }

    public func isVisible(at position: ShardSequence) -> Bool {
        position <= self.position && rule.isVisible(at: position)
    }
}

/// Looks up what decides over a user's view of a room; always as committed, never remembered, so that a kick counts at once.
public struct RoomViews: Sendable {
    public let placements: RoomPlacements
    private let memberships: MembershipHistory
    private let history: StateHistory
    private let events: EventStore

    public init(placements: RoomPlacements, memberships: MembershipHistory, history: StateHistory, events: EventStore) {
        self.placements = placements
        self.memberships = memberships
        self.history = history
        self.events = events
    }

    /// The view of `user` on `room` as of `position`; everything committed when no position is given.
    ///
    /// - Returns: `nil` when this server has no such room.
    public func view(
        of room: RoomID, for user: UserID, at position: ShardSequence = ShardSequence(.max)
    ) async throws -> RoomView? {
        guard let placement = try await placements.find(room) else { return nil }
        async let memberships = memberships.changes(of: user, in: room, upTo: position)
        async let visibilities = visibilities(of: room, placement, upTo: position)
        return RoomView(
            room: room, user: user, placement: placement, position: position,
            rule: VisibilityRule(
                memberships: try await memberships.map { .init(position: $0.position, value: $0.membership) },
                visibilities: try await visibilities))
    }

    private func visibilities(
        of room: RoomID, _ placement: RoomPlacement, upTo position: ShardSequence
    ) async throws -> [VisibilityRule.Step<HistoryVisibility>] {
        let changes = try await history.changes(of: .historyVisibility, in: room, upTo: position)
        // What was before the changes that fit is not known, and may have been the strictest.
        let unknown: [VisibilityRule.Step<HistoryVisibility>] =
            changes.count < StateHistory.changesMax ? [] : [.init(position: .zero, value: .joined)]
        let found = try await events.events(changes.compactMap(\.event), of: room, rules: placement.version.rules)
        return unknown
            + changes.map { change in
                let content = change.event.flatMap { found[$0]?.event.content }
                return .init(position: change.position, value: HistoryVisibility(content: content))
            }
    }
}
