import CanonicalJSON
import HTTPServer
import MatrixHTTP

/// The versions of the specification this server follows: `GET /_matrix/client/versions` (spec v1.19).
struct GetVersions: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/versions", auth: .none)

    private static let versions: [JSONValue] =
        ["r0.5.0", "r0.6.0", "r0.6.1"] + (1...19).map { .string("v1.\($0)") }

    /// What clients look for and do not take from the versions; of each what it promises is served.
    private static let features = [
        // Aliases are checked before they are published.
        "org.matrix.msc2432",
        // Private receipts, receipts of threads, and threads.
        "org.matrix.msc2285.stable", "org.matrix.msc3771", "org.matrix.msc3440.stable",
        "uk.half-shot.msc2666.query_mutual_rooms", "uk.half-shot.msc2666.query_mutual_rooms.stable",
        // The directory by types of rooms.
        "org.matrix.msc3827.stable",
        // Profiles with fields of one's own.
        "uk.tcpip.msc4133.stable",
        // Invites filtered and blocked.
        "org.matrix.msc4155", "org.matrix.msc4380", "org.matrix.msc4380.stable",
        // Redactions by the endpoint that sends events.
        "com.beeper.msc4169",
        // Logins by QR code.
        "org.matrix.msc4108",
        // Delayed and sticky events.
        "org.matrix.msc4140", "org.matrix.msc4354",
        "org.matrix.simplified_msc3575",
        // Threads that are followed.
        "org.matrix.msc4306",
        // Account data that is deleted.
        "org.matrix.msc3391",
        // Dehydrated devices.
        "org.matrix.msc3814",
    ]

    /// Whether there is something to carry calls.
    let hasRTCTransports: Bool

    func respond(to request: PublicRequest) async throws -> JSONObject {
        var features = JSONObject(Self.features.map { ($0, true) })
        if hasRTCTransports { features["org.matrix.msc4143"] = true }
        return ["versions": .array(Self.versions), "unstable_features": .object(features)]
    }
}
