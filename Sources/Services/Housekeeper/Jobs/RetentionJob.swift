import CanonicalJSON
import Identifiers
import Storage
import WorkerContracts

/// Deletes messages that are older than their room keeps them.
package struct RetentionJob: HousekeepingJob {
    package static let name = "retention"
    package static let interval = Duration.seconds(6 * 3_600)

    let policy: RetentionPolicy
    let rooms: RetentionStore
    let purge: EventPurge
    let clock: WallClock

    package init(policy: RetentionPolicy, rooms: RetentionStore, purge: EventPurge, clock: WallClock) {
        self.policy = policy
        self.rooms = rooms
        self.purge = purge
        self.clock = clock
    }

    /// Where a run is: after a room, or within one.
    private struct Checkpoint {
        /// The last room that is done.
        var done: RoomID?
        /// How far the room after it has been gone through.
        var position = ShardSequence.zero

        init() {}

        init(_ bytes: [UInt8]) throws {
            let json = try JSONObject.parse(bytes)
            done = json["done"]?.stringValue.flatMap { RoomID($0) }
            position = ShardSequence(json["position"]?.intValue ?? 0)
        }

        var bytes: [UInt8] {
            var json: JSONObject = ["position": .int(position.value)]
            if let done { json["done"] = .string(done.rawValue) }
            return json.bytes()
        }
    }

    package func step(from checkpoint: [UInt8]?) async throws -> JobProgress {
        guard policy.isEnabled else { return .finished }
        var at = try checkpoint.map { try Checkpoint($0) } ?? Checkpoint()
        guard let (room, maxLifetime) = try await rooms.room(after: at.done) else { return .finished }
        var next: ShardSequence?
        if let lifetime = policy.lifetime(wanted: maxLifetime) {
            let cutoff = clock.now().advanced(by: .zero - lifetime)
            next = try await purge.step(of: room, before: cutoff, after: at.position).next
        }
        if let next { at.position = next } else { (at.done, at.position) = (room, .zero) }
        return .more(checkpoint: at.bytes)
    }
}
