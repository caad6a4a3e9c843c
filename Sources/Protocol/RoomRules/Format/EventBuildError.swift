import CanonicalJSON
import Events

/// Why an event cannot be built, or is refused for its size (spec v1.19, client-server API, "Size limits").
public enum EventBuildError: Error, Equatable, Sendable {
    /// Over ``EventBuilder/eventBytesMax`` as canonical JSON.
    case tooLarge(bytes: Int)
    /// This field is over ``EventBuilder/fieldBytesMax`` bytes.
    case fieldTooLong(String)
    /// More predecessors than ``Event/prevEventsMax``.
    case tooManyPrevEvents(Int)
    /// More than ``Event/authEventsMax``.
    case tooManyAuthEvents(Int)
    /// Canonical JSON has no form for the content.
    case notCanonical(JSONError)
    case invalid(EventError)
}
