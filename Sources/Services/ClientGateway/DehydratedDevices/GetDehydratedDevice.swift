import CanonicalJSON
import HTTPServer
import MatrixHTTP

/// The caller's dehydrated device: `GET …/org.matrix.msc3814.v1/dehydrated_device` (MSC3814).
struct GetDehydratedDevice: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device")

    let dehydrated: DehydratedDevices

    /// - Throws: `M_NOT_FOUND`.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let found = try await dehydrated.device(of: request.caller)
        return ["device_id": .string(found.device.rawValue), "device_data": .object(found.data)]
    }
}
