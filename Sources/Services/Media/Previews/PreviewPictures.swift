import Identifiers
import NIOCore
import ObjectStorage
import OutboundHTTP
import Storage
import WorkerContracts

/// A picture that a preview shows.
struct PreviewPicture: Sendable {
    let uri: MediaURI
    let size: PictureSize
    let byteCount: Int64
}

/// Keeps pictures of pages as files of this server, for as long as somebody looks at them.
struct PreviewPictures: Sendable {
    /// The largest picture, in bytes.
    static let bytesMax = 10 << 20

    let server: ServerName
    let media: MediaStore
    let intake: MediaIntake
    let objects: MediaObjects
    let thumbnailer: Thumbnailer
    let clock: WallClock

    /// - Returns: `nil` for what is no picture or too large.
    /// - Throws: ``PageFailure`` when its server breaks off.
    func keep(_ page: OpenedPage) async throws -> PreviewPicture? {
        let file = try await objects.begin()
        guard try await pour(page, into: file) else { return nil }
        let size: PictureSize
        do {
            size = try await thumbnailer.measure(file.localFile, by: .site(page.url.host))
        } catch is ThumbnailFailure {
            return nil
        }
        let byteCount = file.byteCount
        let uri = MediaURI.fresh(on: server)
        try await media.insert(
            uri, .preview, MediaDescription(contentType: size.type, fileName: nil), intake.keep(file), at: clock.now())
        return PreviewPicture(uri: uri, size: size, byteCount: byteCount)
    }

    /// - Returns: `false` when there is too much.
    private func pour(_ page: OpenedPage, into file: SpooledFile) async throws -> Bool {
        defer { page.body.cancel() }
        var iterator = page.body.makeAsyncIterator()
        while true {
            let piece: [UInt8]?
            do {
                piece = try await iterator.next()
            } catch HTTPClientError.cancelled {
                throw CancellationError()
            } catch {
                throw PageFailure.unreachable
            }
            guard let piece else { return true }
            guard file.byteCount + Int64(piece.count) <= Int64(Self.bytesMax) else { return false }
            try await objects.reporting { try await file.append(ByteBuffer(bytes: piece)) }
        }
    }
}
