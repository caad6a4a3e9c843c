import CanonicalJSON
import HTTPServer
import MatrixHTTP

/// Where clients find this server: `GET /.well-known/matrix/client` (spec v1.19, "Well-known URI").
struct GetClientWellKnown: Endpoint {
    static let route = Route.client(.get, "/.well-known/matrix/client", auth: .none)

    /// The address clients are told; `nil` when none is configured.
    let baseURL: String?
    let transports: [RTCTransport]

    /// - Throws: `M_NOT_FOUND` when no address is configured.
    func respond(to request: PublicRequest) async throws -> JSONObject {
        guard let baseURL else { throw MatrixError.notFound("No client address is configured.") }
        var answer: JSONObject = ["m.homeserver": ["base_url": .string(baseURL)]]
        // Where clients looked for what carries calls before they could ask for it (MSC4143).
        if !transports.isEmpty { answer["org.matrix.msc4143.rtc_foci"] = .array(transports.map(\.json)) }
        return answer
    }
}
