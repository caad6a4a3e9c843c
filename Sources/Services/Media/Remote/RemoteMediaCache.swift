import Identifiers
import MatrixHTTP
import Storage
import WorkerContracts

/// Files of other servers, each fetched once however many ask for it at a time.
///
/// Two workers may fetch the same: their bytes are kept once.
struct RemoteMediaCache: Sendable {
    let media: MediaStore
    let intake: MediaIntake
    let objects: MediaObjects
    let source: any RemoteMediaSource
    let bytesMax: Int64
    let clock: WallClock
    private let fetches = SingleFlight<MediaURI, RemoteMediaOutcome>()

    init(
        media: MediaStore, intake: MediaIntake, objects: MediaObjects, source: any RemoteMediaSource, bytesMax: Int64,
        clock: WallClock
    ) {
        self.media = media
        self.intake = intake
        self.objects = objects
        self.source = source
        self.bytesMax = bytesMax
        self.clock = clock
    }

    /// The file, fetched if need be; `nil` when its server has none.
    ///
    /// - Throws: 502 `M_TOO_LARGE`.
    func find(_ uri: MediaURI, mayFetch: Bool) async throws -> StoredMedia? {
        if let known = try await media.fetch(uri, at: clock.now()) { return known }
        guard mayFetch else { return nil }
        switch try await fetches.value(of: uri, { try await fetch(uri) }) {
        case .fetched: return try await media.fetch(uri, at: clock.now())
        case .notFound: return nil
        case .tooLarge: throw MatrixError.remoteTooLarge
        }
    }

    private func fetch(_ uri: MediaURI) async throws -> RemoteMediaOutcome {
        let file = try await objects.begin()
        let outcome = try await source.fetch(uri, bytesMax: bytesMax, into: file)
        guard case .fetched(let description) = outcome else { return outcome }
        guard file.byteCount <= bytesMax else { return .tooLarge }
        try await media.insert(uri, .remote, description, intake.keep(file), at: clock.now())
        return outcome
    }
}
