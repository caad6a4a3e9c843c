/// Why JSON is not an event of its room version's format.
public enum EventError: Error, Equatable, Sendable {
    /// The field is missing, or not of its type or grammar.
    case invalidField(String)
}
