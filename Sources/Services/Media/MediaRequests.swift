import HTTPServer
import Identifiers
import MatrixHTTP

extension Route {
    /// A route that media workers serve.
    static func media(
        _ method: HTTPMethod, _ path: String, cost: CostClass = .light, auth: Authentication = .user,
        bodyLimit: ByteCount = .ordinary, body: Body = .collected
    ) -> Route {
        .client(method, path, cost: cost, auth: auth, bodyLimit: bodyLimit, body: body, worker: "media")
    }
}

extension RequestReading {
    /// The file that the path names.
    ///
    /// - Throws: `M_INVALID_PARAM` when it names none.
    func mediaURI() throws -> MediaURI {
        MediaURI(origin: try path("serverName", as: ServerName.self), id: try path("mediaId", as: MediaID.self))
    }
}

extension MatrixError {
    static var mediaNotFound: MatrixError { .notFound("There is no such file.") }
    static var notYetUploaded: MatrixError {
        MatrixError(status: 504, errcode: "M_NOT_YET_UPLOADED", message: "The file has not been uploaded yet.")
    }
    static var cannotOverwriteMedia: MatrixError {
        MatrixError(status: 409, errcode: "M_CANNOT_OVERWRITE_MEDIA", message: "The file has been uploaded already.")
    }
    static var remoteTooLarge: MatrixError {
        MatrixError(status: 502, errcode: "M_TOO_LARGE", message: "The other server's file is too large.")
    }
}
