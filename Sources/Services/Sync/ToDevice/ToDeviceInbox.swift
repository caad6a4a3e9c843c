import Identifiers
import Logging
import RoomReading
import Storage
import Synchronization
import WorkerContracts

/// What a device is handed out of its messages.
struct ToDeviceBatch: Sendable {
    /// JSON objects, oldest first.
    var messages: [[UInt8]] = []
    /// The position the client acknowledges with its next sync.
    var position: ShardSequence
}

// A message is deleted only when the device has come back with a token behind it, so that an answer lost on its way loses
// nothing. Deleting goes through the user's shard like every other write; it may fail, and is then done at a later sync.

/// Hands out messages to devices and has the acknowledged ones deleted.
final class ToDeviceInbox: Sendable {
    /// The most bytes of messages in one answer; one message goes out however large it is.
    static let bytesMax = 2 << 20
    /// Devices known to have nothing left to delete.
    static let cleanMax = 50_000
    /// Deletions that wait; more are left for the devices' next syncs.
    static let deletionsMax = 1_000

    private struct Key: Hashable {
        let user: UserID
        let device: DeviceID
    }

    private struct Deletion {
        let command: WriterCommand.DeleteToDevice
        let shard: ShardID
    }

    private let store: ToDeviceStore
    private let writers: any WriterCommanding
    private let logger: Logger
    private let clean = Mutex<Set<Key>>([])
    private let deletions: AsyncStream<Deletion>
    private let deletionsContinuation: AsyncStream<Deletion>.Continuation

    init(store: ToDeviceStore, writers: any WriterCommanding, logger: Logger) {
        self.store = store
        self.writers = writers
        self.logger = logger
        (deletions, deletionsContinuation) = AsyncStream.makeStream(
            bufferingPolicy: .bufferingOldest(Self.deletionsMax))
    }

    /// Whether messages that `viewer` has had may still be stored.
    func mayHaveAcknowledged(_ viewer: Viewer) -> Bool {
        clean.withLock { !$0.contains(Key(user: viewer.user, device: viewer.device)) }
    }

    /// The messages after `after`, which the device acknowledges, and up to `upTo`.
    ///
    /// - Parameters:
    ///   - shard: the user's.
    ///   - limit: the most messages.
    func batch(
        for viewer: Viewer, in shard: ShardID, after: ShardSequence, upTo: ShardSequence,
        limit: Int = ToDeviceStore.messagesMax
    ) async throws -> ToDeviceBatch {
        let page = try await store.page(to: viewer.device, of: viewer.user, after: after, upTo: upTo)
        let key = Key(user: viewer.user, device: viewer.device)
        if page.hasAcknowledged {
            let command = WriterCommand.DeleteToDevice(user: viewer.user, device: viewer.device, upTo: after)
            deletionsContinuation.yield(Deletion(command: command, shard: shard))
        }
        clean.withLock { clean in
            if page.hasAcknowledged || !page.messages.isEmpty {
                clean.remove(key)
            } else {
                if clean.count >= Self.cleanMax { clean = [] }
                clean.insert(key)
            }
        }
        return Self.cut(page, upTo: upTo, limit: limit)
    }

    private static func cut(_ page: ToDeviceStore.Page, upTo: ShardSequence, limit: Int) -> ToDeviceBatch {
        var batch = ToDeviceBatch(position: upTo)
        var bytes = 0
        for message in page.messages {
            bytes += message.json.count
            if bytes > bytesMax || batch.messages.count == limit, let last = batch.messages.indices.last {
                batch.position = page.messages[last].position
                return batch
            }
            batch.messages.append(message.json)
        }
        if page.hasMore, let last = page.messages.last { batch.position = last.position }
        return batch
    }

    /// Sends deletions to the users' shards until cancelled.
    func run() async {
        for await deletion in deletions {
            do {
                _ = try await writers.execute(
                    .deleteToDevice(deletion.command), id: .random(), in: deletion.shard)
            } catch {
                // The device's next sync finds them again.
                logger.debug("messages not deleted yet", metadata: ["error": "\(error)"])
            }
        }
    }
}
