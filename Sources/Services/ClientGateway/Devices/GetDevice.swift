import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// One of the caller's devices: `GET /_matrix/client/v3/devices/{deviceId}` (spec v1.19, "Device management").
struct GetDevice: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/devices/{deviceId}")

    let devices: DeviceStore

    /// - Throws: `M_NOT_FOUND` when the caller has no such device.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let id = try request.path("deviceId", as: DeviceID.self)
        guard let device = try await devices.fetch(id, of: request.caller) else {
            throw MatrixError.notFound("You have no such device.")
        }
        return DeviceRules.json(device)
    }
}
