import Identifiers

/// Why a fork of room state was not resolved.
public enum StateResolutionError: Error, Equatable, Sendable {
    /// The budget was used up.
    case stopped
    /// These events are needed and the caller does not have them at hand; all that one walk found.
    case missing([EventID])
}
