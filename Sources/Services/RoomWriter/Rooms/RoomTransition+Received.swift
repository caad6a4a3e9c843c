import CanonicalJSON
import Events
import Identifiers
import RoomRules
import Storage
import WorkerContracts

// Spec v1.19, server-server API, "Checks performed on receipt of a PDU". An event that could be read is stored in any case
// once its predecessors are there: rejected when the rules refuse it, because later events may name it,
// and soft-failed when only the current state does. Neither is ever served.

extension RoomTransition {
    /// Takes events made elsewhere, each after its predecessors.
    ///
    /// - Returns: their IDs in order, of those that were here already too.
    /// - Throws: `M_NOT_FOUND` when one names events that are not here; then none is taken.
    mutating func receive(_ events: [Event]) throws(Obstacle) -> [EventID] {
        let new = Set(events.map(\.id))
        let named = events.flatMap { $0.prevEvents + $0.authEvents }.filter { !new.contains($0) }
        _ = try look(for: Array(Set(named).union(new)))
        for event in events where known(event.id) == nil { try receive(event) }
        return events.map(\.id)
    }

    private mutating func receive(_ event: Event) throws(Obstacle) {
        let isCreate = event.isType("m.room.create")
        guard isCreate == head.extremities.isEmpty else { throw .forbidden("A room has one create event, its first.") }
        let auth = try named(event.authEvents, by: event)
        let predecessors = try named(event.prevEvents, by: event)
        let before = try stateBefore(predecessors)
        let isRejected = try isRejected(event, auth: auth, before: before)
        var isSoftFailed = false
        var recommended: Event? = event
        if !isRejected, !isCreate {
            isSoftFailed = try !judge(event, against: head.state.tree).isAllowed
            recommended = isSoftFailed ? event : try self.recommended(received: event)
            isSoftFailed = isSoftFailed || recommended == nil
        }
        let isInForce = !isRejected && !isSoftFailed
        let redacting = isInForce ? try receivedRedactionTarget(of: event) : nil
        guard !isInForce || head.extremities.count < RoomHeadStore.extremitiesMax else {
            throw .forbidden("The room has too many forward extremities.")
        }
        try record(
            recommended ?? event, before: before, isRejected: isRejected, isSoftFailed: isSoftFailed,
            redacting: redacting)
    }

    private func named(_ ids: [EventID], by event: Event) throws(Obstacle) -> [KnownEvent] {
        let found = try look(for: ids)
        var events: [KnownEvent] = []
        for id in ids {
            guard let known = found[id] else { throw .notFound("\(event.id) names \(id), which is not here.") }
            events.append(known)
        }
        return events
    }

    private mutating func stateBefore(_ predecessors: [KnownEvent]) throws(Obstacle) -> KeptState {
        if predecessors.count == 1 { return try state(predecessors[0].stateAfter) }
        let ends = predecessors.map {
            RoomHead.Extremity(
                reference: EventParts.Reference(id: $0.event.id), depth: $0.event.depth, stateAfter: $0.stateAfter)
        }
        return try resolved(ends, at: rows.end.advanced(by: 1), part: 2)
    }

    /// Judges by the event's own auth events, then by the state before it.
    private func isRejected(_ event: Event, auth: [KnownEvent], before: KeptState) throws(Obstacle) -> Bool {
        let create = try before.tree[.create].flatMap { id throws(Obstacle) in try self.event(id) }
        let rejected = Set((auth + [create].compactMap { $0 }).filter(\.isRejected).map(\.event.id))
        let own = authorizeAuthEvents(
            of: event, authEvents: auth.map(\.event), isRejected: { rejected.contains($0) }, rules: rules)
        guard own.isAllowed else { return true }
        var named: [StateMapKey: Event] = [:]
        for known in auth { if let key = known.event.stateMapKey { named[key] = known.event } }
        if !rules.createIsAuthEvent, let create { named[.create] = create.event }
        let authState = named
        guard authorize(event, state: { authState[$0] }, rules: rules).isAllowed else { return true }
        return try !judge(event, against: before.tree).isAllowed
    }

    /// What a received redaction redacts; `nil` when it has no effect here, or not yet.
    private mutating func receivedRedactionTarget(of event: Event) throws(Obstacle) -> KnownEvent? {
        guard event.isType("m.room.redaction"), let id = event.redacts else { return nil }
        guard let target = try self.event(id) else {
            let server = try mayRedactAll(event) ? nil : event.sender.server
            postpone(AwaitedRedactionRow(room: head.room, target: id, server: server, redaction: event.id))
            return nil
        }
        guard !target.event.isType("m.room.create") else { return nil }
        if target.event.sender.server == event.sender.server { return target }
        return try mayRedactAll(event) ? target : nil
    }

    private func mayRedactAll(_ redaction: Event) throws(Obstacle) -> Bool {
        // In versions 1 and 2 the authorisation rules have judged it already.
        if rules.authorisesRedactions { return true }
        let levels = try levels()
        return levels.level(of: redaction.sender) >= levels.redact
    }
}
