/// Why an internal message cannot be read: the two workers do not speak the same version, or it is not one of ours.
public enum ContractError: Error, Equatable, Sendable, CustomStringConvertible {
    case missing(field: String)
    /// Of the wrong type, out of range or against its grammar.
    case invalid(field: String)
    /// A field this version does not know: ignoring it could do something else than was asked.
    case unknown(field: String)

    public var description: String {
        switch self {
        case .missing(let field): "field \(field) is missing"
        case .invalid(let field): "field \(field) is invalid"
        case .unknown(let field): "field \(field) is unknown"
        }
    }
}
