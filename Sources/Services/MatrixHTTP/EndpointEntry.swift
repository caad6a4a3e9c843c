import HTTPServer

/// An endpoint in a worker's list: where it is is known before there is anything to make it of.
///
/// So the router's configuration and the docs come from the same lines as the endpoints themselves.
public struct EndpointEntry<Parts: Sendable>: Sendable {
    public let route: Route
    /// Makes the endpoint of the worker's parts.
    public let make: @Sendable (Parts) -> any Endpoint

    public init<Made: Endpoint>(_ make: @escaping @Sendable (Parts) -> Made) {
        route = Made.route
        self.make = make
    }
}
