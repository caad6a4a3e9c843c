import Events
import Identifiers

/// Joins the room states before an event with several predecessors (spec v1.19, room versions, "State resolution").
///
/// The result depends on the sets' members only, not on their order. All walks are loops over at most the auth chains of
/// the sets; memory and time grow with the number of events in them.
/// - Parameters:
///   - sets: the state after each predecessor.
///   - event: finds an event; asked for the sets' events and their auth chains.
///   - isRejected: whether an event was rejected on receipt; such an auth event has no say.
///   - shouldStop: asked often; `true` ends the work with ``StateResolutionError/stopped``.
/// - Throws: ``StateResolutionError``; after `.missing` the caller may load the events and call again.
public func resolveState(
    sets: [[StateMapKey: EventID]], event: (EventID) -> Event?, isRejected: (EventID) -> Bool = { _ in false },
    rules: RoomVersionRules, shouldStop: () -> Bool = { false }
) throws(StateResolutionError) -> [StateMapKey: EventID] {
    guard let first = sets.first else { return [:] }
    let conflicts = ConflictedState(sets)
    if sets.count == 1 { return first }
    if conflicts.isEmpty { return conflicts.unconflicted }
    // The closures are kept by the passes below, none of which outlives this call.
    let result = withoutActuallyEscaping(event) { event in
        withoutActuallyEscaping(isRejected) { isRejected in
            withoutActuallyEscaping(shouldStop) { shouldStop in
                let source = ResolutionSource(
                    rules: rules, findEvent: event, isRejected: isRejected, shouldStop: shouldStop)
                return source.resolve(conflicts)
            }
        }
    }
    return try result.get()
}

extension ResolutionSource {
    fileprivate func resolve(
        _ conflicts: ConflictedState
    ) -> Result<[StateMapKey: EventID], StateResolutionError> {
        do throws(StateResolutionError) {
            switch rules.stateResolution {
            case .v1: return .success(try ResolutionV1(source: self, conflicts: conflicts).resolve())
            case .v2, .v2_1: return .success(try ResolutionV2(source: self, conflicts: conflicts).resolve())
            }
        } catch {
            return .failure(error)
        }
    }
}
