import CanonicalJSON
import HTTPServer
import MatrixHTTP

/// What may be uploaded: `GET /_matrix/client/v1/media/config`.
///
/// Spec v1.19, client-server API, "Content repository".
struct GetMediaConfig: Endpoint {
    static let route = Route.media(.get, "/_matrix/client/v1/media/config")

    let settings: MediaSettings

    func respond(to request: UserRequest) async throws -> JSONObject { settings.configJSON }
}

/// The same for clients of older versions: `GET /_matrix/media/v3/config`.
struct GetOlderMediaConfig: Endpoint {
    static let route = Route.media(.get, "/_matrix/media/v3/config")

    let settings: MediaSettings

    func respond(to request: UserRequest) async throws -> JSONObject { settings.configJSON }
}

extension MediaSettings {
    fileprivate var configJSON: JSONObject { ["m.upload.size": .int(uploadBytesMax)] }
}
