import CanonicalJSON
import HTTPServer
import MatrixHTTP

/// Something that carries calls (MSC4143): a LiveKit server, known by the service that lets people in.
package struct RTCTransport: Sendable {
    package var liveKitServiceURL: String

    package init(liveKitServiceURL: String) {
        self.liveKitServiceURL = liveKitServiceURL
    }

    var json: JSONValue { ["type": "livekit", "livekit_service_url": .string(liveKitServiceURL)] }
}

/// What carries calls here: `GET /_matrix/client/unstable/org.matrix.msc4143/rtc/transports` (MSC4143).
struct GetRTCTransports: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/unstable/org.matrix.msc4143/rtc/transports")

    /// The one to be preferred first.
    let transports: [RTCTransport]

    func respond(to request: UserRequest) async throws -> JSONObject {
        ["rtc_transports": .array(transports.map(\.json))]
    }
}
