import Storage
import WorkerContracts

/// Gives up addresses whose files were never uploaded, and forgets old previews of links.
package struct MediaExpiryJob: HousekeepingJob {
    package static let name = "media-expiry"
    package static let interval = Duration.seconds(600)

    let media: MediaStore
    let previews: PreviewStore
    let clock: WallClock

    package init(media: MediaStore, previews: PreviewStore, clock: WallClock) {
        self.media = media
        self.previews = previews
        self.clock = clock
    }

    package func step(from checkpoint: [UInt8]?) async throws -> JobProgress {
        let now = clock.now()
        let addresses = try await media.deleteExpired(at: now)
        let links = try await previews.deleteExpired(at: now)
        let isDone = addresses < MediaStore.deletedMax && links < PreviewStore.deletedMax
        return isDone ? .finished : .more(checkpoint: [])
    }
}
