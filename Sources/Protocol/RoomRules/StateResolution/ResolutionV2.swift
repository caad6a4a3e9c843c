import Events
import Identifiers

// What may take power away is settled first, in an order nobody can choose: by power, then time. The rest is then judged
// against it, oldest power levels first. Version 2.1 forgets the agreed state while it judges, because sets that agree on
// an old event would otherwise let it veto newer ones ("state resets"), and adds the events between conflicted ones,
// without which they could not be judged from nothing.

/// State resolution of room versions 2 to 12.
struct ResolutionV2 {
    let source: ResolutionSource
    let conflicts: ConflictedState

    func resolve() throws(StateResolutionError) -> StateTree {
        let full = try FullConflictedSet(source: source, conflicts: conflicts).events()
        let power = try powerEvents(in: full)
        let checks = IterativeAuthChecks(source: source)
        var state = source.rules.stateResolution == .v2_1 ? StateTree() : conflicts.unconflicted
        try checks.apply(try PowerOrdering(source: source).sorted(power), to: &state)
        var mainline = try MainlineOrdering(powerLevels: state[.powerLevels], source: source)
        try checks.apply(try mainline.sorted(full.subtracting(power)), to: &state)
        var result = conflicts.unconflicted
        state.forEach { key, id in
            if result[key] == nil { result[key] = id }
        }
        return result
    }

    /// The power events of the full conflicted set, and what leads to them through auth events inside of it.
    private func powerEvents(in full: Set<EventID>) throws(StateResolutionError) -> Set<EventID> {
        var pending = try source.events(full).filter(\.isPowerEvent).map(\.id)
        var power = Set(pending)
        while let id = pending.popLast() {
            try source.spend()
            for auth in try source.event(id).authEvents where full.contains(auth) && power.insert(auth).inserted {
                pending.append(auth)
            }
        }
        return power
    }
}

extension Event {
    /// Whether the event may take from somebody what they could do.
    fileprivate var isPowerEvent: Bool {
        guard let stateKey else { return false }
        if isType("m.room.member") {
            guard !stateKey.hasSameBytes(as: sender.rawValue),
                let membership = content["membership"]?.stringValue.flatMap({ Membership(name: $0) })
            else { return false }
            return membership == .leave || membership == .ban
        }
        guard stateKey.isEmpty else { return false }
        return isType("m.room.power_levels") || isType("m.room.join_rules") || isType("m.room.create")
    }
}
