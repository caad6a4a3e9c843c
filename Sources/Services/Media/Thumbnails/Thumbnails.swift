import HTTPServer
import MatrixHTTP
import NIOCore
import ObjectStorage
import Storage
import Synchronization
import WorkerContracts

/// Small pictures of files: made when they are first asked for, then kept.
struct Thumbnails: Sendable {
    /// Larger files are not looked into, in bytes.
    static let contentBytesMax: Int64 = 128 << 20
    /// How long a client is asked to stay away while too many are being made.
    static let retryAfter = Duration.seconds(2)

    let store: ThumbnailStore
    let intake: MediaIntake
    let objects: MediaObjects
    let thumbnailer: Thumbnailer
    private let making = SingleFlight<Wanted, Made>()
    private let failures = KnownFailures()

    fileprivate struct Wanted: Hashable {
        let content: Int64
        let kind: ThumbnailKind
    }

    /// What there is to serve.
    private enum Made: Sendable {
        case kept(StoredThumbnail)
        /// The content itself, which is no larger.
        case content(type: String)
    }

    init(store: ThumbnailStore, intake: MediaIntake, objects: MediaObjects, thumbnailer: Thumbnailer) {
        self.store = store
        self.intake = intake
        self.objects = objects
        self.thumbnailer = thumbnailer
    }

    func answer(for found: FoundMedia, _ kind: ThumbnailKind) async throws -> HTTPAnswer {
        let content = found.content
        guard content.byteCount <= Self.contentBytesMax else { throw Self.refusal(.tooLarge, found) }
        let wanted = Wanted(content: content.id, kind: kind)
        if let failure = failures[wanted] { throw Self.refusal(failure, found) }
        do {
            let made: Made
            if let kept = try await store.fetch(kind, of: content) {
                made = .kept(kept)
            } else {
                made = try await making.value(of: wanted) { try await make(kind, of: found) }
            }
            return try await answer(with: made, of: content)
        } catch let failure as ThumbnailFailure {
            // It will not be another the next time.
            if failure != .busy { failures.note(failure, for: wanted) }
            throw Self.refusal(failure, found)
        }
    }

    private func make(_ kind: ThumbnailKind, of found: FoundMedia) async throws -> Made {
        let content = found.content
        let file = try await objects.localFile(of: content.objectKey)
        switch try await thumbnailer.make(kind, of: file, by: PictureOwner(of: found.media)) {
        case .original(let type): return .content(type: type)
        case .made(let type, let bytes):
            let thumbnail = try await objects.begin()
            try await objects.reporting { try await thumbnail.append(bytes) }
            let key = try await intake.keep(thumbnail, beside: content)
            let stored = StoredThumbnail(
                contentType: type, objectKey: key.text, byteCount: Int64(bytes.readableBytes))
            try await store.insert(stored, as: kind, of: content)
            return .kept(stored)
        }
    }

    private func answer(with made: Made, of content: MediaContent) async throws -> HTTPAnswer {
        let (type, key, byteCount) =
            switch made {
            case .kept(let kept): (kept.contentType, kept.objectKey, kept.byteCount)
            case .content(let type): (type, content.objectKey, content.byteCount)
            }
        let name = "thumbnail." + (type.split(separator: "/").last.map(String.init) ?? "jpeg")
        let object = try await objects.open(key)
        return HTTPAnswer(
            contentType: type,
            headers: MediaHeaders.all + [("Content-Disposition", ContentDisposition.named("inline", name))],
            body: .pulled(byteCount: byteCount) { try await object.next() })
    }

    private static func refusal(_ failure: ThumbnailFailure, _ found: FoundMedia) -> MatrixError {
        switch failure {
        case .tooLarge:
            MatrixError(
                status: found.media.kind == .remote ? 502 : 413, errcode: "M_TOO_LARGE",
                message: "The picture is too large to make a thumbnail of it.")
        case .noPicture:
            MatrixError(status: 400, errcode: "M_UNKNOWN", message: "No thumbnail can be made of this file.")
        case .busy: .limitExceeded(retryAfter: retryAfter)
        }
    }
}

/// What could not be made before, so that it is not tried with every request.
private final class KnownFailures: Sendable {
    /// Beyond, the memory is emptied.
    static let rememberedMax = 10_000

    private let failures = Mutex<[Thumbnails.Wanted: ThumbnailFailure]>([:])

    subscript(wanted: Thumbnails.Wanted) -> ThumbnailFailure? { failures.withLock { $0[wanted] } }

    func note(_ failure: ThumbnailFailure, for wanted: Thumbnails.Wanted) {
        failures.withLock { failures in
            if failures.count >= Self.rememberedMax { failures = [:] }
            failures[wanted] = failure
        }
    }
}
