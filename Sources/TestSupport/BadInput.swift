/// One bad request and what the specification wants it answered with.
///
/// In `path` and `body`, `{room}` stands for a room the caller is in, `{event}` for an event of it, `{me}` for the caller
/// and `{other}` for another local user.
package struct BadInput: Sendable, CustomStringConvertible {
    package enum Token: Sendable { case valid, absent, unknown }

    /// The endpoint's method and path template, as in its route.
    package let endpoint: String
    /// The request's path and query.
    package let path: String
    package let body: String?
    package let token: Token
    package let status: Int
    package let errcode: String
    /// Only the room's writer can tell.
    package var needsWriter: Bool { errcode == "M_INVALID_ROOM_STATE" }

    package init(
        _ endpoint: String, at path: String, body: String? = nil, token: Token = .valid, _ status: Int,
        _ errcode: String
    ) {
        self.endpoint = endpoint
        self.path = path
        self.body = body
        self.token = token
        self.status = status
        self.errcode = errcode
    }

    package var description: String {
        "\(endpoint.prefix { $0 != " " }) \(path) \(body?.prefix(80) ?? "") → \(errcode)"
    }
}
