import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import WorkerContracts

/// Makes the caller's dehydrated device: `PUT …/org.matrix.msc3814.v1/dehydrated_device` (MSC3814).
struct PutDehydratedDevice: Endpoint {
    static let route = Route.client(
        .put, "/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device", cost: .write, bodyLimit: .keys)
    /// The most bytes of what the device is made of, encrypted.
    static let dataBytesMax = 65_536

    let dehydrated: DehydratedDevices

    /// - Throws: `M_MISSING_PARAM`, `M_BAD_JSON`, `M_INVALID_PARAM`, `M_TOO_LARGE`.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let body = BodyFields(try request.jsonBody())
        let device = try body.requiredIdentifier("device_id", as: DeviceID.self)
        guard let data = try body.object("device_data"), let identity = try body.object("device_keys") else {
            throw MatrixError.missingParam("'device_data' or 'device_keys' is missing.")
        }
        guard data.bytes().count <= Self.dataBytesMax else { throw MatrixError.tooLarge("'device_data' is too large.") }
        let name = try body.string("initial_device_display_name")
        try DeviceRules.check(displayName: name)
        let keys = try UploadedKeys(body)
        let upload = WriterCommand.UploadKeys(
            user: request.caller, device: device,
            identity: try DeviceIdentity(identity, of: request.caller, device: device).object,
            oneTime: keys.oneTime, fallback: keys.fallback)
        try await dehydrated.replace(with: upload, data: data, displayName: name)
        return ["device_id": .string(device.rawValue)]
    }
}
