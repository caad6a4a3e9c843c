import Identifiers
import RoomReading
import Testing

/// What happens at one position of a room's short history.
private enum Happening: CaseIterable {
    case message, join, invite, leave, ban, worldReadable, shared, invited, joined

    var membership: String? {
        switch self {
        case .join: "join"
        case .invite: "invite"
        case .leave: "leave"
        case .ban: "ban"
        default: nil
        }
    }

    var visibility: HistoryVisibility? {
        switch self {
        case .worldReadable: .worldReadable
        case .shared: .shared
        case .invited: .invited
        case .joined: .joined
        default: nil
        }
    }
}

private func rule(_ history: [Happening]) -> VisibilityRule {
    var memberships: [VisibilityRule.Step<String>] = []
    var visibilities: [VisibilityRule.Step<HistoryVisibility>] = []
    for (index, happening) in history.enumerated() {
        let position = ShardSequence(Int64(index + 1))
        if let membership = happening.membership { memberships.append(.init(position: position, value: membership)) }
        if let visibility = happening.visibility { visibilities.append(.init(position: position, value: visibility)) }
    }
    return VisibilityRule(memberships: memberships, visibilities: visibilities)
}

/// The specification's five rules, word by word, with the state before and after each event.
private func isAllowed(_ index: Int, in history: [Happening]) -> Bool {
    func state(_ count: Int) -> (visibility: HistoryVisibility, membership: String) {
        let past = history.prefix(count)
        return (
            past.last { $0.visibility != nil }?.visibility ?? .shared,
            past.last { $0.membership != nil }?.membership ?? "leave"
        )
    }
    let joinsLater = history[(index + 1)...].contains(.join)
    return [state(index), state(index + 1)].contains { visibility, membership in
        if visibility == .worldReadable { return true }
        if membership == "join" { return true }
        if visibility == .shared, joinsLater { return true }
        if membership == "invite", visibility == .invited { return true }
        return false
    }
}

@Suite struct VisibilityRuleTests {
    /// All histories of `length`.
    private func forEachHistory(_ length: Int, _ body: ([Happening]) -> Void) {
        func extend(_ history: [Happening]) {
            guard history.count < length else { return body(history) }
            for next in Happening.allCases { extend(history + [next]) }
        }
        extend([])
    }

    @Test func everyShortHistoryIsVisibleByTheFiveRules() {
        var wrong: [String] = []
        forEachHistory(4) { history in
            let rule = rule(history)
            for index in history.indices
            where rule.isVisible(at: ShardSequence(Int64(index + 1))) != isAllowed(index, in: history) {
                wrong.append("\(history) at \(index + 1)")
            }
        }
        #expect(wrong == [])
    }

    @Test func visibleRangesAreThePositionsThatAreVisible() {
        var wrong: [String] = []
        forEachHistory(4) { history in
            let rule = rule(history)
            for end in [Int64(2), 4, 7] {
                let visible = (1...end).filter { rule.isVisible(at: ShardSequence($0)) }
                let ranges = rule.visibleRanges(upTo: ShardSequence(end))
                let listed = ranges.flatMap { Array($0.lowerBound.value...$0.upperBound.value) }
                let areApart = zip(ranges, ranges.dropFirst()).allSatisfy {
                    $0.upperBound.value + 1 < $1.lowerBound.value
                }
                if visible != listed || !areApart { wrong.append("\(history) up to \(end): \(ranges)") }
            }
        }
        #expect(wrong == [])
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let visibility: HistoryVisibility
        /// At positions 5 (before anything), 10 (invited), 15, 20 (joined), 25, 30 (left), 35.
        let visible: [Bool]
        var testDescription: String { visibility.rawValue }
    }

    @Test(arguments: [
        Row(visibility: .worldReadable, visible: [true, true, true, true, true, true, true]),
        Row(visibility: .shared, visible: [true, true, true, true, true, true, false]),
        Row(visibility: .invited, visible: [false, true, true, true, true, true, false]),
        Row(visibility: .joined, visible: [false, false, false, true, true, true, false]),
    ])
    func invitedThenJoinedThenGone(_ row: Row) {
        let rule = VisibilityRule(
            memberships: [
                .init(position: ShardSequence(10), value: "invite"), .init(position: ShardSequence(20), value: "join"),
                .init(position: ShardSequence(30), value: "leave"),
            ], visibilities: [.init(position: ShardSequence(1), value: row.visibility)])
        #expect([5, 10, 15, 20, 25, 30, 35].map { rule.isVisible(at: ShardSequence($0)) } == row.visible)
    }

    @Test func aChangeOfVisibilityIsSeenByThoseWhoSeeEitherSide() {
        let stranger = VisibilityRule(
            memberships: [],
            visibilities: [
                .init(position: ShardSequence(1), value: .joined),
                .init(position: ShardSequence(5), value: .worldReadable),
                .init(position: ShardSequence(9), value: .joined),
            ])
        #expect((1...10).filter { stranger.isVisible(at: ShardSequence($0)) } == [5, 6, 7, 8, 9])
    }

    @Test func departureIsWhereTheUserLastCeasedToBeJoined() {
        #expect(rule([.invite, .leave]).departure == nil)
        #expect(rule([.join, .message]).departure == nil)
        #expect(rule([.join, .ban, .leave, .invite]).departure == ShardSequence(2))
        #expect(rule([.join, .leave, .join, .message, .leave]).departure == ShardSequence(5))
        #expect(rule([.join, .leave, .join]).departure == nil)
    }

    @Test func membershipAtAnEventIncludesTheEvent() {
        let rule = rule([.message, .invite, .join, .leave])
        #expect(
            (1...5).map { rule.membership(at: ShardSequence($0)) } == ["leave", "invite", "join", "leave", "leave"])
    }
}
