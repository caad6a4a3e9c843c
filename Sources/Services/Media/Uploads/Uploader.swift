import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage
import WorkerContracts

/// Takes files from users: streamed, within bounds, stored before anything refers to them.
struct Uploader: Sendable {
    /// Files of one user that come in at once, at one worker.
    static let perUserMax = 8

    let settings: MediaSettings
    let media: MediaStore
    let intake: MediaIntake
    let rates: RateLimits
    let places: KeyedPlaces<UserID>
    let clock: WallClock

    /// Takes a file under a new address.
    func upload(_ request: UserRequest) async throws -> MediaURI {
        try await rates.demand(.mediaCreation, of: request.caller.rawValue)
        let description = try Self.description(of: request)
        let content = try await receive(request)
        let uri = MediaURI.fresh(on: settings.server)
        try check(
            await media.insert(
                uri, of: request.caller, description, content, userBytesMax: settings.userBytesMax, at: clock.now()))
        return uri
    }

    /// Takes the file for an address that its user has made.
    func upload(_ request: UserRequest, to uri: MediaURI) async throws {
        guard uri.origin == settings.server, let waiting = try await media.fetch(uri, at: clock.now()) else {
            throw MatrixError.mediaNotFound
        }
        guard waiting.user == request.caller else {
            throw MatrixError.forbidden("Only who made the address may upload to it.")
        }
        guard waiting.content == nil else { throw MatrixError.cannotOverwriteMedia }
        let description = try Self.description(of: request)
        let content = try await receive(request)
        try check(
            await media.complete(
                uri, of: request.caller, description, content, userBytesMax: settings.userBytesMax, at: clock.now()))
    }

    private func receive(_ request: UserRequest) async throws -> MediaContent {
        guard let stream = request.raw.bodyStream else { preconditionFailure("an upload's body is streamed") }
        let declared = stream.declaredByteCount ?? 0
        guard declared <= settings.uploadBytesMax else { throw tooLarge }
        try await checkQuota(of: request.caller, adding: declared)
        return try await places.withPlace(of: request.caller) {
            let file = try await intake.objects.begin()
            try await UploadReceiver(objects: intake.objects, bytesMax: settings.uploadBytesMax, tooLarge: tooLarge)
                .receive(stream, into: file)
            return try await intake.keep(file)
        }
    }

    /// Before the file has come; whether it fits is decided when it has.
    private func checkQuota(of user: UserID, adding byteCount: Int64) async throws {
        guard let userBytesMax = settings.userBytesMax else { return }
        guard try await media.byteCount(of: user) + byteCount <= userBytesMax else { throw overQuota }
    }

    private func check(_ outcome: UploadOutcome) throws {
        switch outcome {
        case .stored: return
        case .overQuota: throw overQuota
        case .gone: throw MatrixError.mediaNotFound
        }
    }

    private var tooLarge: MatrixError {
        .tooLarge("Files of more than \(settings.uploadBytesMax >> 20) MiB are not taken.")
    }

    private var overQuota: MatrixError {
        let message = "You have as many files here as you may."
        guard let quotaInfoURL = settings.quotaInfoURL else { return .forbidden(message) }
        return MatrixError(
            status: 403, errcode: "M_USER_LIMIT_EXCEEDED", message: message, fields: ["info_uri": .string(quotaInfoURL)]
        )
    }

    /// The longest file name, in bytes.
    static let fileNameBytesMax = 1_024
    /// The longest content type, in bytes.
    static let contentTypeBytesMax = 255

    private static func description(of request: UserRequest) throws -> MediaDescription {
        let contentType = request.raw.header("content-type") ?? ""
        guard contentType.utf8.count <= contentTypeBytesMax, contentType.utf8.allSatisfy({ 0x20...0x7E ~= $0 }) else {
            throw MatrixError.invalidParam("The content type is not one.")
        }
        let fileName = request.query("filename") ?? ""
        guard fileName.utf8.count <= fileNameBytesMax else {
            throw MatrixError.invalidParam("The file's name is too long.")
        }
        return MediaDescription(
            contentType: contentType.isEmpty ? "application/octet-stream" : contentType,
            fileName: fileName.isEmpty ? nil : fileName)
    }
}
