import CanonicalJSON
import HTTPServer
import MatrixHTTP

/// Deletes the caller's dehydrated device: `DELETE …/org.matrix.msc3814.v1/dehydrated_device` (MSC3814).
struct DeleteDehydratedDevice: Endpoint {
    static let route = Route.client(
        .delete, "/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device", cost: .write)

    let dehydrated: DehydratedDevices

    /// - Throws: `M_NOT_FOUND`.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let found = try await dehydrated.device(of: request.caller)
        try await dehydrated.removal.remove([found.device], of: request.caller)
        return ["device_id": .string(found.device.rawValue)]
    }
}
