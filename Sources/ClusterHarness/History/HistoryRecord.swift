import Identifiers

/// Names the stream of one device: what its syncs brought, in order.
public struct StreamName: Hashable, Sendable, CustomStringConvertible {
    public let user: UserID
    public let device: DeviceID

    public init(user: UserID, device: DeviceID) {
        self.user = user
        self.device = device
    }

    public var description: String { "\(user) \(device)" }
}

/// What a client asked for.
public enum Operation: Hashable, Sendable, CustomStringConvertible {
    /// An event by transaction ID; the same pair from the same device is the same event.
    case send(RoomID, String)
    case sync
    /// A sync without a token, or of the full state.
    case initialSync
    case other(String)

    public var description: String {
        switch self {
        case .send(let room, let transaction): "send \(transaction) to \(room)"
        case .sync: "sync"
        case .initialSync: "initial sync"
        case .other(let name): name
        }
    }

    /// The operation's kind, for figures.
    public var kind: String {
        switch self {
        case .send: "send"
        case .sync: "sync"
        case .initialSync: "initial-sync"
        case .other(let name): name
        }
    }
}

/// One request and how it ended.
public struct Attempt: Sendable {
    public enum Outcome: Sendable, Equatable {
        /// 200, with the event's ID when the answer has one.
        case accepted(EventID?)
        case failed(ChatFailure)
    }

    public var stream: StreamName
    public var operation: Operation
    public var startedAt: ContinuousClock.Instant
    public var endedAt: ContinuousClock.Instant
    public var outcome: Outcome

    public init(
        _ stream: StreamName, _ operation: Operation, from startedAt: ContinuousClock.Instant,
        to endedAt: ContinuousClock.Instant = .now, outcome: Outcome
    ) {
        self.stream = stream
        self.operation = operation
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.outcome = outcome
    }

    public var isFailure: Bool { if case .failed = outcome { true } else { false } }
}

extension Attempt: CustomStringConvertible {
    public var description: String {
        let took = startedAt.duration(to: endedAt).inMilliseconds
        return switch outcome {
        case .accepted(let event): "\(stream.user) \(operation): \(event?.rawValue ?? "200") after \(took)"
        case .failed(let failure): "\(stream.user) \(operation): \(failure) after \(took)"
        }
    }
}

/// What one answered sync brought into a stream.
public struct SyncStep: Sendable {
    public var stream: StreamName
    /// `nil` for the first of a stream.
    public var since: String?
    public var next: String
    /// Events of rooms' timelines, oldest first, gaps filled.
    public var events: [(room: RoomID, event: EventID)]
    public var at: ContinuousClock.Instant

    public init(
        stream: StreamName, since: String?, next: String, events: [(room: RoomID, event: EventID)],
        at: ContinuousClock.Instant
    ) {
        self.stream = stream
        self.since = since
        self.next = next
        self.events = events
        self.at = at
    }

    init(stream: StreamName, since: String?, answer: SyncAnswer, at: ContinuousClock.Instant) {
        self.init(
            stream: stream, since: since, next: answer.next,
            events: answer.rooms.flatMap { room in room.events.map { (room.room, $0) } }, at: at)
    }
}

/// Who owned a shard under an epoch, as seen in the lease table.
public struct OwnerSighting: Hashable, Sendable {
    public var shard: ShardID
    public var epoch: Int64
    public var owner: String

    public init(shard: ShardID, epoch: Int64, owner: String) {
        self.shard = shard
        self.epoch = epoch
        self.owner = owner
    }
}

/// What all clients did and saw.
public struct HistoryRecord: Sendable {
    /// In the order they ended.
    public var attempts: [Attempt] = []
    /// In the order they were answered.
    public var steps: [SyncStep] = []
    /// The rooms whose events each stream has to bring, all from its first step on.
    public var entitlements: [StreamName: Set<RoomID>] = [:]
    public var sightings: Set<OwnerSighting> = []
    /// When the last fault ended; `nil` when there was none.
    public var lastFaultAt: ContinuousClock.Instant?

    public init() {}

    /// The events that were acknowledged, each with the moment of its first acknowledgement.
    public var acknowledged: [(event: EventID, room: RoomID, at: ContinuousClock.Instant)] {
        var seen: Set<EventID> = []
        return attempts.compactMap { attempt in
            guard case .send(let room, _) = attempt.operation, case .accepted(let event?) = attempt.outcome,
                seen.insert(event).inserted
            else { return nil }
            return (event, room, attempt.endedAt)
        }
    }

    /// When each event of each stream first came.
    public var deliveries: [StreamName: [EventID: ContinuousClock.Instant]] {
        steps.reduce(into: [:]) { result, step in
            for (_, event) in step.events where result[step.stream]?[event] == nil {
                result[step.stream, default: [:]][event] = step.at
            }
        }
    }
}
