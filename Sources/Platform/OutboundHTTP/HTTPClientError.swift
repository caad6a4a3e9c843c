/// Why there is no response.
public enum HTTPClientError: Error, Equatable, Sendable {
    /// The request's method, URL or headers are not well formed.
    case badRequest(String)
    /// No connection: the request was certainly not sent.
    case connectFailed(String)
    /// Every address of the host is one the client must not talk to.
    case addressDenied
    /// The deadline passed; the request may have been sent.
    case timedOut
    /// The connection broke, or what came was no HTTP; the request may have been sent.
    case transferFailed(String)
    /// Body or headers were longer than allowed.
    case responseTooLarge
    /// The task was cancelled; the request may have been sent.
    case cancelled
    /// ``HTTPClient/transfersMax`` are under way.
    case overloaded
    /// The client was shut down.
    case shutDown

    /// Whether the server cannot have seen the request.
    public var isUnsent: Bool {
        switch self {
        case .badRequest, .connectFailed, .addressDenied, .overloaded: true
        case .timedOut, .transferFailed, .responseTooLarge, .cancelled, .shutDown: false
        }
    }
}
