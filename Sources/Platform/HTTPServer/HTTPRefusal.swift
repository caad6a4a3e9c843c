/// What the server itself refuses, before or around a handler.
enum HTTPRefusal: HTTPAnswerable {
    case unrecognized(status: Int)
    case bodyTooLarge
    case busy(retryAfter: Duration)
    case tooLate
    case notAuthorised
    case malformed

    var answer: HTTPAnswer {
        switch self {
        case .unrecognized(let status): Self.make(status, "M_UNRECOGNIZED", "Unrecognized request")
        case .bodyTooLarge: Self.make(413, "M_TOO_LARGE", "The request's body is too large.")
        case .busy(let wait): Self.busy(wait)
        case .tooLate: Self.make(503, "M_UNKNOWN", "The request took too long.", retryAfterSeconds: 1)
        case .notAuthorised: Self.make(401, "M_UNAUTHORIZED", "Not for you.")
        case .malformed: Self.make(400, "M_UNKNOWN", "The request is malformed.")
        }
    }

    private static func busy(_ wait: Duration) -> HTTPAnswer {
        let seconds = max(1, wait.components.seconds)
        return HTTPAnswer(
            status: 429, headers: [("Retry-After", String(seconds))],
            body: .bytes(
                .init(
                    string:
                        #"{"errcode":"M_LIMIT_EXCEEDED","error":"The server is busy; try again later.","retry_after_ms":\#(seconds * 1_000)}"#
                )))
    }

    private static func make(_ status: Int, _ errcode: String, _ message: String, retryAfterSeconds: Int? = nil)
        -> HTTPAnswer
    {
        HTTPAnswer(
            status: status, headers: retryAfterSeconds.map { [("Retry-After", String($0))] } ?? [],
            body: .bytes(.init(string: #"{"errcode":"\#(errcode)","error":"\#(message)"}"#)))
    }
}
