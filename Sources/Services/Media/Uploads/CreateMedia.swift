import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage
import WorkerContracts

/// Makes an address for a file that will be uploaded later: `POST /_matrix/media/v1/create`.
///
/// Spec v1.19, client-server API, "Content repository".
struct CreateMedia: Endpoint {
    static let route = Route.media(.post, "/_matrix/media/v1/create")
    /// How long a user with too many waiting addresses is asked to stay away.
    static let retryAfter = Duration.seconds(60)

    let settings: MediaSettings
    let media: MediaStore
    let rates: RateLimits
    let clock: WallClock

    /// - Throws: `M_LIMIT_EXCEEDED`, also when as many addresses of the user's wait for their files as may.
    func respond(to request: UserRequest) async throws -> JSONObject {
        try await rates.demand(.mediaCreation, of: request.caller.rawValue)
        let uri = MediaURI.fresh(on: settings.server)
        let now = clock.now()
        let expiresAt = now.advanced(by: settings.pendingUploadLife)
        let isMade = try await media.reserve(
            uri, for: request.caller, pendingMax: settings.pendingUploadsMax, at: now, expiresAt: expiresAt)
        guard isMade else { throw MatrixError.limitExceeded(retryAfter: Self.retryAfter) }
        return ["content_uri": .string(uri.description), "unused_expires_at": .int(expiresAt.milliseconds)]
    }
}

extension MediaURI {
    /// Letters of a new ID; more than can be guessed.
    static let freshLength = 24

    /// An address that nobody has.
    static func fresh(on server: ServerName) -> MediaURI {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
        var generator = SystemRandomNumberGenerator()
        let text = (0..<freshLength).map { _ in letters[Int.random(in: 0..<letters.count, using: &generator)] }
        guard let id = MediaID(String(decoding: text, as: UTF8.self)) else {
            preconditionFailure("letters are a media ID")
        }
        return MediaURI(origin: server, id: id)
    }
}
