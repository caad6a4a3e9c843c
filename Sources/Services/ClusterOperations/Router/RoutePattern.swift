import HTTPServer

/// A route's path as the router matches it: raw, never decoded or normalised.
enum RoutePattern {
    /// A regular expression that a path matches as a whole.
    static func expression(_ path: String) -> String {
        let segments = path.split(separator: "/").map { segment in
            segment.hasPrefix("{") ? "[^/]+" : escaped(segment)
        }
        // A trailing slash is the route without it, as in the worker.
        return "^/" + segments.joined(separator: "/") + "/?$"
    }

    /// The expressions of all `routes`, each once, in order.
    static func expressions(_ routes: [Route]) -> [String] {
        var seen: Set<String> = []
        return routes.flatMap(\.paths).map(expression).filter { seen.insert($0).inserted }
    }

    private static func escaped(_ segment: Substring) -> String {
        segment.map { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" ? String($0) : "\\\($0)" }.joined()
    }
}

extension Route {
    /// Whether sending it again changes nothing: it only reads, or its transaction ID makes a repeat the same.
    var isRepeatable: Bool { method == .get || method == .put && path.contains("{txnId}") }
}
