import Storage
import WorkerContracts

/// Keeps the files that can be fetched again within a size.
package struct MediaCacheJob: HousekeepingJob {
    package static let name = "media-cache"
    package static let interval = Duration.seconds(60)

    let media: MediaStore
    let bytesMax: Int64

    /// - Parameter bytesMax: of all of them together; their objects go a little later.
    package init(media: MediaStore, bytesMax: Int64) {
        self.media = media
        self.bytesMax = bytesMax
    }

    package func step(from checkpoint: [UInt8]?) async throws -> JobProgress {
        let excess = try await media.cachedByteCount() - bytesMax
        guard excess > 0 else { return .finished }
        return try await media.evict(excess) < MediaStore.deletedMax ? .finished : .more(checkpoint: [])
    }
}
