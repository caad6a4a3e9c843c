import CanonicalJSON
import HTTPServer
import MatrixHTTP
import Storage

/// The caller's devices: `GET /_matrix/client/v3/devices` (spec v1.19, "Device management").
struct ListDevices: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/devices")

    let devices: DeviceStore

    func respond(to request: UserRequest) async throws -> JSONObject {
        let list = try await devices.list(of: request.caller)
        return ["devices": .array(list.map { .object(DeviceRules.json($0)) })]
    }
}
