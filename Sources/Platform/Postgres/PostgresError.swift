/// Why PostgreSQL did not do what was asked.
///
/// Descriptions hold the server's message and code, never the statement's parameters.
public struct PostgresError: Error, Sendable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        /// The server refused the statement.
        case server(sqlState: String, message: String)
        /// The connection broke; what was under way may or may not have happened.
        case connectionLost(String)
        /// No answer within the client's own deadline; the connection was dropped.
        case timedOut
        /// Too much is waiting already, or no connection was free in time: nothing was sent.
        case overloaded
        /// The client has been shut down: nothing was sent.
        case closed
        /// A result has not the shape the caller expects.
        case decoding(String)
    }

    public let kind: Kind

    public init(_ kind: Kind) { self.kind = kind }

    /// The server's five-character code (`23505`), when the server refused.
    public var sqlState: String? {
        if case .server(let sqlState, _) = kind { sqlState } else { nil }
    }

    /// Whether the statement was certainly not carried out because it never left.
    public var wasNeverSent: Bool { kind == .overloaded || kind == .closed }

    /// Whether a prepared statement is no longer good, as after a migration changed its columns: it was not carried out.
    var isStalePlan: Bool { sqlState == "0A000" || sqlState == "26000" }

    public var description: String {
        switch kind {
        case .server(let sqlState, let message): "PostgreSQL \(sqlState): \(message)"
        case .connectionLost(let reason): "the connection to PostgreSQL was lost: \(reason)"
        case .timedOut: "PostgreSQL did not answer in time"
        case .overloaded: "too many statements wait for PostgreSQL"
        case .closed: "the PostgreSQL client is shut down"
        case .decoding(let reason): "unexpected result: \(reason)"
        }
    }
}
