/// What the router itself answers, in the words of the Matrix API.
enum RouterAnswers {
    /// Seconds a client that was shed is asked to stay away.
    static let retryAfterSeconds = 2

    /// The whole response to what does not fit into a pool's queue, or waited there too long.
    ///
    /// HAProxy says 503 to both; clients understand 429 with a time.
    static var shed: String {
        let body = shedBody
        return """
            HTTP/1.1 429 Too Many Requests\r
            Content-Type: application/json\r
            Content-Length: \(body.utf8.count)\r
            Retry-After: \(retryAfterSeconds)\r
            Access-Control-Allow-Origin: *\r
            Cache-Control: no-store\r
            Connection: close\r
            \r
            \(body)
            """
    }

    static var shedBody: String {
        #"{"errcode":"M_LIMIT_EXCEEDED","error":"The server is busy; try again later.","#
            + #""retry_after_ms":\#(retryAfterSeconds * 1_000)}"#
    }

    static var noWorkerBody: String { body("M_UNKNOWN", "No worker is there at the moment; try again.") }

    static var tooLargeBody: String { body("M_TOO_LARGE", "The body is too large.") }

    /// Answers to what is malformed, unknown, too slow, or met a worker that failed.
    static let errors: [(status: Int, body: String, hasRetryAfter: Bool)] = [
        (400, body("M_UNKNOWN", "The request is malformed."), false),
        (404, body("M_UNRECOGNIZED", "Unrecognized request"), false),
        (405, body("M_UNRECOGNIZED", "Unrecognized request"), false),
        (408, body("M_UNKNOWN", "The request took too long to arrive."), false),
        (500, body("M_UNKNOWN", "Internal server error"), false),
        (502, body("M_UNKNOWN", "The worker went away; send the request again."), true),
        (504, body("M_UNKNOWN", "The request took too long."), true),
    ]

    private static func body(_ code: String, _ message: String) -> String {
        #"{"errcode":"\#(code)","error":"\#(message)"}"#
    }
}
