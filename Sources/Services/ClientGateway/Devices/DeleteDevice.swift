import HTTPServer
import Identifiers
import MatrixHTTP

/// Deletes a device: `DELETE /_matrix/client/v3/devices/{deviceId}` (spec v1.19, "Device management").
struct DeleteDevice: Endpoint {
    static let route = Route.client(.delete, "/_matrix/client/v3/devices/{deviceId}", cost: .account)

    let auth: InteractiveAuth
    let removal: DeviceRemoval

    /// - Throws: the 401 of user-interactive authentication until the password is right.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let device = try request.path("deviceId", as: DeviceID.self)
        let body = BodyFields(try request.optionalJSONBody())
        try await auth.demandOwner(request.caller, to: DeleteDevices.operation([device]), in: body)
        try await removal.remove([device], of: request.caller)
        return EmptyObject()
    }
}
