import Storage
import WorkerContracts

/// Deletes files that nobody has looked at for long: those of other servers can be fetched again.
package struct MediaRetentionJob: HousekeepingJob {
    package static let name = "media-retention"
    package static let interval = Duration.seconds(6 * 3_600)
    /// How long pictures of previews stay: longer than the previews that show them.
    package static let previewLife = Duration.seconds(7 * 86_400)

    let media: MediaStore
    /// Kinds that are not named stay for ever.
    let lives: [(kind: MediaKind, life: Duration)]
    let clock: WallClock

    package init(media: MediaStore, remoteLife: Duration?, localLife: Duration?, clock: WallClock) {
        self.media = media
        lives =
            [(.preview, Self.previewLife)]
            + [(MediaKind.remote, remoteLife), (.uploaded, localLife)].compactMap { kind, life in
                life.map { (kind, $0) }
            }
        self.clock = clock
    }

    package func step(from checkpoint: [UInt8]?) async throws -> JobProgress {
        var isDone = true
        for (kind, life) in lives {
            let deleted = try await media.deleteUnused(kind, since: clock.now().advanced(by: .zero - life))
            if deleted == MediaStore.deletedMax { isDone = false }
        }
        return isDone ? .finished : .more(checkpoint: [])
    }
}
