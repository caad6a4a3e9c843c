import CanonicalJSON
import HTTPServer
import MatrixHTTP

/// Whose token this is: `GET /_matrix/client/v3/account/whoami` (spec v1.19).
struct Whoami: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/account/whoami")

    func respond(to request: UserRequest) async throws -> JSONObject {
        [
            "user_id": .string(request.caller.rawValue), "device_id": .string(request.device.rawValue),
            "is_guest": .bool(request.isGuest),
        ]
    }
}
