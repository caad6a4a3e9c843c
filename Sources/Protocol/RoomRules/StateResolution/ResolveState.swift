import Events
import Identifiers

/// Joins the room states before an event with several predecessors (spec v1.19, room versions, "State resolution").
///
/// The result depends on the sets' contents only, not on their order, and shares nodes with the first of them. All walks
/// are loops over at most the auth chains of what differs between the sets; memory and time grow with the number of events
/// in them, not with the size of what the sets share.
/// - Parameters:
///   - trees: the state after each predecessor.
///   - event: finds an event; asked for the sets' events and their auth chains.
///   - isRejected: whether an event was rejected on receipt; such an auth event has no say.
///   - shouldStop: asked often; `true` ends the work with ``StateResolutionError/stopped``.
/// - Throws: ``StateResolutionError``; after `.missing` the caller may load the events and call again.
public func resolveState(
    trees: [StateTree], event: (EventID) -> Event?, isRejected: (EventID) -> Bool = { _ in false },
    rules: RoomVersionRules, shouldStop: () -> Bool = { false }
) throws(StateResolutionError) -> StateTree {
    guard let first = trees.first else { return StateTree() }
    if trees.count == 1 { return first }
    // The closures are kept by the passes below, none of which outlives this call.
    let result = withoutActuallyEscaping(event) { event in
        withoutActuallyEscaping(isRejected) { isRejected in
            withoutActuallyEscaping(shouldStop) { shouldStop in
                let source = ResolutionSource(
                    rules: rules, findEvent: event, isRejected: isRejected, shouldStop: shouldStop)
                return source.resolve(trees)
            }
        }
    }
    return try result.get()
}

/// ``resolveState(trees:event:isRejected:rules:shouldStop:)`` of states that are dictionaries; it reads all of them.
public func resolveState(
    sets: [[StateMapKey: EventID]], event: (EventID) -> Event?, isRejected: (EventID) -> Bool = { _ in false },
    rules: RoomVersionRules, shouldStop: () -> Bool = { false }
) throws(StateResolutionError) -> [StateMapKey: EventID] {
    let trees = sets.map { set in StateTree(set.map { (key: $0, event: $1) }) }
    return try resolveState(
        trees: trees, event: event, isRejected: isRejected, rules: rules, shouldStop: shouldStop
    ).dictionary
}

extension ResolutionSource {
    fileprivate func resolve(_ trees: [StateTree]) -> Result<StateTree, StateResolutionError> {
        do throws(StateResolutionError) {
            let conflicts = try ConflictedState(trees, source: self)
            if conflicts.isEmpty { return .success(conflicts.unconflicted) }
            switch rules.stateResolution {
            case .v1: return .success(try ResolutionV1(source: self, conflicts: conflicts).resolve())
            case .v2, .v2_1: return .success(try ResolutionV2(source: self, conflicts: conflicts).resolve())
            }
        } catch {
            return .failure(error)
        }
    }
}
