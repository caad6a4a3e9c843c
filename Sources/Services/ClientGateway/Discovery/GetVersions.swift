import CanonicalJSON
import HTTPServer
import MatrixHTTP

/// The versions of the specification this server follows: `GET /_matrix/client/versions` (spec v1.19).
struct GetVersions: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/versions", auth: .none)

    private static let versions: [JSONValue] =
        ["r0.6.1"] + (1...16).map { .string("v1.\($0)") }

    /// The unstable features of rooms that clients look for.
    private static let features: JSONObject = JSONObject(
        [
            "org.matrix.msc4140", "uk.half-shot.msc2666.query_mutual_rooms",
            "uk.half-shot.msc2666.query_mutual_rooms.stable", "org.matrix.msc3827.stable", "org.matrix.msc4155",
            "org.matrix.msc4380", "org.matrix.msc4380.stable",
            "org.matrix.simplified_msc3575",
        ].map { ($0, true) })

    func respond(to request: PublicRequest) async throws -> JSONObject {
        ["versions": .array(Self.versions), "unstable_features": .object(Self.features)]
    }
}
