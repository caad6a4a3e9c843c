/// Where an endpoint is and how it is treated: declared in one place, read by the server, the router and the docs.
public struct Route: Sendable, Hashable {
    /// Who may call.
    public enum Authentication: Sendable {
        /// Anybody.
        case none
        /// A user with an access token.
        case user
        /// Another worker, by the cluster's secret, on the internal port.
        case cluster
    }

    /// How a request's body comes to the handler.
    public enum Body: Sendable {
        /// Whole, before the handler is called.
        case collected
        /// Piece by piece, as the handler asks for them; the class's place is taken before the first is read.
        case streamed
    }

    public let method: HTTPMethod
    /// `/fixed/{parameter}/…`; a parameter is one raw path segment, percent-decoded for the handler.
    public let path: String
    /// The kind of worker that serves it, as in the registry.
    public let worker: String
    public let cost: CostClass
    /// What it costs without `since` in its query or with `full_state=true`, if that is something else.
    public let firstCost: CostClass?
    public let authentication: Authentication
    /// The largest body; larger ones get 413 without being read to the end.
    public let bodyLimit: ByteCount
    public let body: Body

    public init(
        _ method: HTTPMethod, _ path: String, worker: String, cost: CostClass = .light,
        authentication: Authentication = .user, bodyLimit: ByteCount = .kibibytes(64),
        body: Body = .collected, firstCost: CostClass? = nil
    ) {
        precondition(path.hasPrefix("/"), "a route's path is absolute")
        self.method = method
        self.path = path
        self.worker = worker
        self.cost = cost
        self.firstCost = firstCost
        self.authentication = authentication
        self.bodyLimit = bodyLimit
        self.body = body
    }

    /// The paths it answers on: clients of old specs say r0 where new ones say v3, and v1 of media.
    public var paths: [String] {
        for (api, versions) in Self.olderVersions {
            let stable = "/_matrix/\(api)/v3/"
            guard path.hasPrefix(stable) else { continue }
            return [path] + versions.map { "/_matrix/\(api)/\($0)/" + path.dropFirst(stable.count) }
        }
        return [path]
    }

    private static let olderVersions = [("client", ["r0"]), ("media", ["r0", "v1"])]
}
