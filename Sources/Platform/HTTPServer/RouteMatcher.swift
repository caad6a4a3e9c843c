/// Finds the handler of a method and raw path; built once, a tree over segments.
struct RouteMatcher<Handler: Sendable>: Sendable {
    enum Match {
        case found(Handler, Route, parameters: [String: String])
        case wrongMethod
        case unknown
    }

    private final class Node: Sendable {
        let fixed: [String: Node]
        let parameter: Node?
        let handlers: [String: (Handler, Route, names: [String])]

        init(fixed: [String: Node], parameter: Node?, handlers: [String: (Handler, Route, names: [String])]) {
            self.fixed = fixed
            self.parameter = parameter
            self.handlers = handlers
        }
    }

    private let root: Node

    /// - Precondition: no two routes share a method and a path's form.
    init(_ routes: [(Route, Handler)]) {
        let entries = routes.flatMap { route, handler in
            route.paths.map { path in
                (path.split(separator: "/", omittingEmptySubsequences: true).map(String.init), route, handler)
            }
        }
        root = Self.build(entries.map { ($0.0[...], [], $0.1, $0.2) })
    }

    private static func build(_ entries: [(rest: ArraySlice<String>, names: [String], Route, Handler)]) -> Node {
        var handlers: [String: (Handler, Route, names: [String])] = [:]
        var fixed: [String: [(rest: ArraySlice<String>, names: [String], Route, Handler)]] = [:]
        var parameter: [(rest: ArraySlice<String>, names: [String], Route, Handler)] = []
        for (rest, names, route, handler) in entries {
            guard let head = rest.first else {
                precondition(handlers[route.method.rawValue] == nil, "two endpoints at \(route.method) \(route.path)")
                handlers[route.method.rawValue] = (handler, route, names)
                continue
            }
            if head.hasPrefix("{") {
                parameter.append((rest.dropFirst(), names + [String(head.dropFirst().dropLast())], route, handler))
            } else {
                fixed[head, default: []].append((rest.dropFirst(), names, route, handler))
            }
        }
        return Node(
            fixed: fixed.mapValues(build), parameter: parameter.isEmpty ? nil : build(parameter), handlers: handlers)
    }

    func match(method: String, _ path: RequestPath) -> Match {
        var values: [String] = []
        guard let node = find(path.segments[...], from: root, &values) else { return .unknown }
        let asked = method == "HEAD" ? "GET" : method
        guard let (handler, route, names) = node.handlers[asked] else { return .wrongMethod }
        var parameters: [String: String] = [:]
        for (name, value) in zip(names, values) { parameters[name] = PercentEncoding.decode(value) }
        return .found(handler, route, parameters: parameters)
    }

    /// Fixed segments win over parameters; a dead end tries the parameter after all.
    private func find(_ rest: ArraySlice<String>, from node: Node, _ values: inout [String]) -> Node? {
        guard let head = rest.first else { return node.handlers.isEmpty ? nil : node }
        if let next = node.fixed[head], let found = find(rest.dropFirst(), from: next, &values) { return found }
        // A trailing slash, as `/state/m.room.name/`, is the route without it.
        if head.isEmpty, rest.count == 1, !node.handlers.isEmpty { return node }
        guard let next = node.parameter, !head.isEmpty else { return nil }
        values.append(head)
        if let found = find(rest.dropFirst(), from: next, &values) { return found }
        values.removeLast()
        return nil
    }
}
