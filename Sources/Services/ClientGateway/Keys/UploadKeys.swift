import CanonicalJSON
import HTTPServer
import MatrixHTTP
import WorkerContracts

/// Stores keys of the caller's device: `POST /_matrix/client/v3/keys/upload` (spec v1.19, "Key management API").
struct UploadKeys: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/keys/upload", cost: .write, bodyLimit: .keys)

    let sender: CommandSender

    /// Keys that are there already are passed over, so the request may be repeated.
    ///
    /// - Throws: `M_INVALID_PARAM` for keys of another device, and for another one-time key of an ID that waits to be
    ///   claimed; `M_BAD_JSON`, `M_TOO_LARGE`.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let body = BodyFields(try request.jsonBody())
        let keys = try UploadedKeys(body)
        let upload = WriterCommand.UploadKeys(
            user: request.caller, device: request.device,
            identity: try body.object("device_keys").map {
                try DeviceIdentity($0, of: request.caller, device: request.device).object
            }, oneTime: keys.oneTime, fallback: keys.fallback)
        return try await sender.ask(.uploadKeys(upload), id: .random(), for: request.caller)
    }
}
