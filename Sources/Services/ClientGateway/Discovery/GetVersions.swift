import CanonicalJSON
import HTTPServer
import MatrixHTTP

/// The versions of the specification this server follows: `GET /_matrix/client/versions` (spec v1.19).
struct GetVersions: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/versions", auth: .none)

    private static let versions: [JSONValue] =
        ["r0.6.1"] + (1...16).map { .string("v1.\($0)") }

    func respond(to request: PublicRequest) async throws -> JSONObject {
        ["versions": .array(Self.versions), "unstable_features": [:]]
    }
}
