import CanonicalJSON
import Events
import Identifiers
import RoomRules
import Storage
import WorkerContracts

extension RoomTransition {
    /// Places a draft of this server after the room's extremities and appends it.
    ///
    /// - Returns: the event's ID; of the one that is there already for a draft that would change nothing.
    /// - Throws: what stands against it: `M_FORBIDDEN`, `M_TOO_LARGE`, `M_BAD_JSON`, `M_NOT_FOUND`.
    mutating func append(_ draft: EventDraft) throws(Obstacle) -> EventID {
        if draft.needsMembership { try demandJoined(draft.sender) }
        if let same = try unchanged(draft) { return same }
        let predecessors = head.predecessors
        let isWhole = predecessors.count == head.extremities.count
        let next = rows.end.advanced(by: 1)
        let before = isWhole ? head.state : try resolved(predecessors, at: next, part: 2)
        let event = try build(draft, after: predecessors, before.tree)
        try demand(judge(event, against: before.tree))
        if !isWhole { try demand(judge(event, against: head.state.tree)) }
        let target = try redactionTarget(of: event)
        try record(
            try recommended(event), before: before, redacting: target, transaction: draft.transaction,
            delay: draft.delay)
        return event.id
    }

    /// The event in force that `draft` would only repeat.
    private func unchanged(_ draft: EventDraft) throws(Obstacle) -> EventID? {
        guard draft.unlessUnchanged, let stateKey = draft.stateKey,
            let event = try current(StateMapKey(type: draft.type, stateKey: stateKey)),
            event.sender == draft.sender, event.content == draft.content
        else { return nil }
        return event.id
    }

    private func build(
        _ draft: EventDraft, after predecessors: [RoomHead.Extremity], _ tree: StateTree
    ) throws(Obstacle) -> Event {
        let keys = authEventKeys(
            for: draft.type, stateKey: draft.stateKey, sender: draft.sender, content: draft.content, rules: rules)
        let ids = keys.compactMap { tree[$0] }
        let found = try look(for: ids)
        let deepest = predecessors.map(\.depth).max() ?? 0
        let parts = EventParts(
            room: head.room, type: draft.type, stateKey: draft.stateKey, sender: draft.sender, content: draft.content,
            redacts: draft.redacts, stickyDuration: draft.stickyDuration,
            originServerTS: draft.originServerTS ?? facts.now,
            depth: min(deepest + 1, EventBuilder.depthMax), prevEvents: predecessors.map(\.reference),
            authEvents: ids.compactMap { id in found[id].map { builder.reference(to: $0.event) } })
        do {
            return try builder.build(parts)
        } catch {
            throw Self.refusal(of: error)
        }
    }

    static func refusal(of error: EventBuildError) -> Obstacle {
        switch error {
        case .tooLarge(let bytes): .tooLarge("The event has \(bytes) bytes, over \(EventBuilder.eventBytesMax).")
        case .fieldTooLong(let field): .tooLarge("'\(field)' is over \(EventBuilder.fieldBytesMax) bytes.")
        case .notCanonical: .badRequest("M_BAD_JSON", "Numbers in an event are integers within ±(2^53 − 1).")
        case .tooManyPrevEvents, .tooManyAuthEvents: .badRequest("M_BAD_JSON", "The event names too many events.")
        case .invalid(.invalidField(let field)): .badRequest("M_BAD_JSON", "'\(field)' is missing or invalid.")
        }
    }

    private func demand(_ decision: AuthDecision) throws(Obstacle) {
        if case .reject(let rejection) = decision { throw .forbidden(rejection.sentence) }
    }

    /// What a redaction of this server redacts; `nil` for other events.
    private func redactionTarget(of event: Event) throws(Obstacle) -> KnownEvent? {
        guard event.isType("m.room.redaction") else { return nil }
        guard let id = event.redacts, let target = try self.event(id), !target.isRejected, !target.isSoftFailed else {
            throw .notFound("There is no such event in this room.")
        }
        guard !target.event.isType("m.room.create"), !target.event.isType("m.room.server_acl") else {
            throw .forbidden("Events of this type cannot be redacted.")
        }
        if target.event.sender == event.sender { return target }
        let levels = try levels()
        guard levels.level(of: event.sender) >= levels.redact else {
            throw .forbidden("The sender may not redact this event.")
        }
        return target
    }

    /// The power levels in current state.
    func levels() throws(Obstacle) -> PowerLevels {
        let create = try current(.create)
        return PowerLevels(event: try current(.powerLevels), create: create, rules: rules)
    }
}
