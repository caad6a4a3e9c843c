import Identifiers
import MatrixHTTP
import Storage
import WorkerContracts

/// A file that is there and may be looked at.
struct FoundMedia: Sendable {
    let media: StoredMedia
    let content: MediaContent
}

/// Finds the file an address stands for: here, or on its server.
struct MediaFinder: Sendable {
    /// How long to wait for a file that is being uploaded, unless the client says otherwise.
    static let waitDefault = Duration.seconds(20)
    /// The longest wait a client gets.
    static let waitMax = Duration.seconds(60)
    /// How often it is looked whether the file has come.
    static let tick = Duration.milliseconds(250)

    let server: ServerName
    let media: MediaStore
    let remote: RemoteMediaCache
    let clock: WallClock

    /// - Parameters:
    ///   - wait: for a file that is not uploaded yet.
    ///   - mayFetch: whether other servers are asked for theirs.
    /// - Throws: `M_NOT_FOUND`, also for what is quarantined; `M_NOT_YET_UPLOADED` when it has not come in time.
    func find(_ uri: MediaURI, wait: Duration, mayFetch: Bool) async throws -> FoundMedia {
        let deadline = ContinuousClock.now + min(wait, Self.waitMax)
        while true {
            let found =
                uri.origin == server
                ? try await media.fetch(uri, at: clock.now()) : try await remote.find(uri, mayFetch: mayFetch)
            guard let found else { throw MatrixError.mediaNotFound }
            if let content = found.content {
                guard !content.isQuarantined else { throw MatrixError.mediaNotFound }
                try await noteUse(of: found)
                return FoundMedia(media: found, content: content)
            }
            guard ContinuousClock.now < deadline else { throw MatrixError.notYetUploaded }
            try await Task.sleep(for: Self.tick)
        }
    }

    /// Most looks write nothing.
    private func noteUse(of found: StoredMedia) async throws {
        let now = clock.now()
        guard found.accessedAt.advanced(by: MediaStore.accessGranularity) <= now else { return }
        try await media.noteUse(of: found.uri, at: now)
    }
}
