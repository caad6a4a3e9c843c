import HTTPServer
import Identifiers
import MatrixHTTP

/// Deletes several devices: `POST /_matrix/client/v3/delete_devices` (spec v1.19, "Device management").
struct DeleteDevices: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/delete_devices", cost: .account)
    /// The most devices of one request.
    static let devicesMax = 1_000

    let auth: InteractiveAuth
    let removal: DeviceRemoval

    /// - Throws: the 401 of user-interactive authentication until the password is right.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let body = BodyFields(try request.jsonBody())
        guard let devices = try body.identifiers("devices", as: DeviceID.self) else {
            throw MatrixError.missingParam("'devices' is missing.")
        }
        guard devices.count <= Self.devicesMax else {
            throw MatrixError.invalidParam("One request deletes at most \(Self.devicesMax) devices.")
        }
        try await auth.demandOwner(request.caller, to: Self.operation(devices), in: body)
        try await removal.remove(devices, of: request.caller)
        return EmptyObject()
    }

    /// The one operation an authentication is for: these devices.
    static func operation(_ devices: [DeviceID]) -> String {
        "delete devices " + devices.sorted().map { "\($0.rawValue.utf8.count):\($0)" }.joined(separator: ",")
    }
}
