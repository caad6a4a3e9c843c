import Identifiers
import Metrics
import Synchronization

/// How much memory a writer's rooms take, over all shards, and which of them have not been used for longest.
package final class RoomBudget: Sendable {
    /// About what all rooms together may take, in bytes; estimated.
    package static let bytesMaxDefault = 512 << 20

    struct Key: Hashable, Sendable {
        let shard: ShardID
        let room: RoomID
    }

    private struct Use {
        var bytes: Int
        var lastUse: UInt64
    }

    private struct State {
        var uses: [Key: Use] = [:]
        var total = 0
        var clock: UInt64 = 0
    }

    private let bytesMax: Int
    private let state = Mutex(State())
    private let roomsGauge = Gauge(label: "apus_writer_rooms_in_memory")
    private let bytesGauge = Gauge(label: "apus_writer_room_bytes")

    init(bytesMax: Int = bytesMaxDefault) { self.bytesMax = bytesMax }

    /// How many rooms are in memory.
    var count: Int { state.withLock { $0.uses.count } }

    /// A room was used and takes `bytes` now.
    ///
    /// - Returns: rooms to be let go, least recently used first, when all together are over the limit.
    func touch(_ key: Key, bytes: Int) -> [Key] {
        state.withLock { state in
            state.clock += 1
            state.total += bytes - (state.uses[key]?.bytes ?? 0)
            state.uses[key] = Use(bytes: bytes, lastUse: state.clock)
            guard state.total > bytesMax else { return [] }
            return victims(in: state, except: key)
        }
    }

    func remove(_ key: Key) {
        state.withLock { state in
            if let use = state.uses.removeValue(forKey: key) { state.total -= use.bytes }
        }
    }

    func removeAll(of shard: ShardID) {
        state.withLock { state in
            for (key, use) in state.uses where key.shard == shard {
                state.uses[key] = nil
                state.total -= use.bytes
            }
        }
    }

    func record() {
        let (rooms, bytes) = state.withLock { ($0.uses.count, $0.total) }
        roomsGauge.record(rooms)
        bytesGauge.record(bytes)
    }

    /// Down to nine tenths, so that the sorting is worth it.
    private func victims(in state: State, except key: Key) -> [Key] {
        var excess = state.total - bytesMax / 10 * 9
        var victims: [Key] = []
        for (candidate, use) in state.uses.sorted(by: { $0.value.lastUse < $1.value.lastUse }) where candidate != key {
            guard excess > 0 else { break }
            victims.append(candidate)
            excess -= use.bytes
        }
        return victims
    }
}
