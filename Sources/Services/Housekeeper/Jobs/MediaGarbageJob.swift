import ObjectStorage
import Storage
import WorkerContracts

/// Takes away objects that no file stands for any more.
package struct MediaGarbageJob: HousekeepingJob {
    package static let name = "media-garbage"
    package static let interval = Duration.seconds(60)

    let garbage: MediaGarbageStore
    let objects: any ObjectStore
    let clock: WallClock

    package init(garbage: MediaGarbageStore, objects: any ObjectStore, clock: WallClock) {
        self.garbage = garbage
        self.objects = objects
        self.clock = clock
    }

    package func step(from checkpoint: [UInt8]?) async throws -> JobProgress {
        let now = clock.now()
        let looked = try await garbage.condemn(at: now)
        let due = try await garbage.due(at: now)
        // A name that is no object's cannot be in the store.
        for key in due.compactMap({ ObjectKey($0) }) { try await objects.delete(key) }
        try await garbage.forget(due)
        let isDone = looked < MediaGarbageStore.lookedMax && due.count < MediaGarbageStore.objectsMax
        return isDone ? .finished : .more(checkpoint: [])
    }
}
