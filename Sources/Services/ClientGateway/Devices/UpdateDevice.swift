import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// Renames a device: `PUT /_matrix/client/v3/devices/{deviceId}` (spec v1.19, "Device management").
struct UpdateDevice: Endpoint {
    static let route = Route.client(.put, "/_matrix/client/v3/devices/{deviceId}")

    let devices: DeviceStore
    let sender: CommandSender

    /// - Throws: `M_NOT_FOUND` when the caller has no such device.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let id = try request.path("deviceId", as: DeviceID.self)
        let name = try BodyFields(try request.jsonBody()).string("display_name")
        try DeviceRules.check(displayName: name)
        let exists =
            if let name {
                try await devices.setDisplayName(name, of: id, user: request.caller)
            } else {
                try await devices.fetch(id, of: request.caller) != nil
            }
        guard exists else { throw MatrixError.notFound("You have no such device.") }
        // Others see the name beside the device's keys.
        if name != nil {
            try await sender.execute(.announceDevices(.init(user: request.caller)), id: .random(), for: request.caller)
        }
        return EmptyObject()
    }
}
