import HTTPServer
import MatrixHTTP
import Storage

/// Serves a small picture of a file: `GET /_matrix/client/v1/media/thumbnail/{serverName}/{mediaId}`.
///
/// Spec v1.19, client-server API, "Thumbnails".
struct GetThumbnail: Endpoint {
    static let route = Route.media(.get, "/_matrix/client/v1/media/thumbnail/{serverName}/{mediaId}", cost: .download)

    let download: MediaDownload
    let thumbnails: Thumbnails

    /// - Throws: `M_UNKNOWN` for a file that is no picture, `M_TOO_LARGE` for one with too many pixels; as
    ///   ``DownloadMedia``.
    func respond(to request: UserRequest) async throws -> HTTPAnswer {
        let kind = try request.thumbnailKind()
        return try await thumbnails.answer(for: download.find(request, isOpenOnly: false), kind)
    }
}

/// The same of an old file for anybody: `GET /_matrix/media/v3/thumbnail/{serverName}/{mediaId}`.
///
/// Spec v1.19, client-server API, "Thumbnails", deprecated.
struct GetOpenThumbnail: Endpoint {
    static let route = Route.media(
        .get, "/_matrix/media/v3/thumbnail/{serverName}/{mediaId}", cost: .download, auth: .none)

    let download: MediaDownload
    let thumbnails: Thumbnails

    /// - Throws: as ``GetThumbnail``; `M_NOT_FOUND` for what needs a token.
    func respond(to request: PublicRequest) async throws -> HTTPAnswer {
        let kind = try request.thumbnailKind()
        return try await thumbnails.answer(for: download.find(request, isOpenOnly: true), kind)
    }
}

extension RequestReading {
    /// The thumbnail a query asks for.
    fileprivate func thumbnailKind() throws -> ThumbnailKind {
        let method: ThumbnailKind.Method
        switch query("method") {
        case nil, "scale": method = .scale
        case "crop": method = .crop
        default: throw MatrixError.invalidParam("'method' is scale or crop.")
        }
        return ThumbnailSize.kind(
            width: try side("width"), height: try side("height"), method: method,
            isAnimated: try queryBool("animated") ?? false)
    }

    private func side(_ name: String) throws -> Int {
        guard let length = try queryInteger(name) else { throw MatrixError.missingParam("'\(name)' is missing.") }
        guard length > 0 else { throw MatrixError.invalidParam("'\(name)' must be more than 0.") }
        return Int(min(length, Int64(ThumbnailSize.sideMax)))
    }
}
