import Identifiers
import Leases
import ReplicationLog
import TestSupport

/// A room-writer: leases, group commits and recoveries, decided by the code that runs in the cluster.
final class SimulatedWriter {
    enum Reply { case done, moved, refused }

    struct Command {
        let key: String
        let reply: (Reply) -> Void
    }

    struct Shard {
        var turn: AppendTurn
        var head: ShardSequence
        var queue: [Command] = []
        var inFlight: [Command] = []
        var doubtful: [SimulatedPostgres.Session] = []
        var isRecovering = false
        /// Called once nothing is in flight any more; set when it is to be handed over.
        var whenFrozen: (() -> Void)?
    }

    /// Slower than in the cluster, to simulate more in the same time.
    static let tick = Duration.milliseconds(250)
    static let batchMax = 4

    let id: WorkerID
    private(set) var isDraining = false
    var seenAt: Duration
    unowned let simulation: Simulation
    var postgres: SimulatedPostgres { simulation.postgres }
    private let clockRate: Double
    var tenure = ShardTenure<ManualClock.Instant>(believeMax: .seconds(4))
    var shards: [ShardID: Shard] = [:]
    var isDead = false
    private var pausedUntil = Duration.zero
    var lease: SimulatedPostgres.Session?
    var moves: SimulatedPostgres.Session?
    var commits: [SimulatedPostgres.Session] = []
    var wasConnected = false
    var graceUntil = Duration.zero
    var isMoving = false
    var isPumpingLater = false

    init(_ id: WorkerID, _ simulation: Simulation) {
        self.id = id
        self.simulation = simulation
        seenAt = simulation.now
        clockRate = Double.random(in: 0.95...1.05, using: &simulation.random)
    }

    /// The worker's own clock, a little fast or slow.
    var instant: ManualClock.Instant { .init(offset: simulation.now * clockRate) }

    func start() {
        renew()
        move()
        watch()
    }

    // MARK: Faults

    func pause(for duration: Duration) {
        simulation.note("\(id) is frozen for \(duration)")
        pausedUntil = max(pausedUntil, simulation.now + duration)
    }

    func kill() {
        simulation.note("\(id) is killed")
        isDead = true
        for session in [lease, moves].compactMap({ $0 }) + commits { postgres.cut(session) }
        simulation.ended(self)
    }

    func drain() {
        simulation.note("\(id) drains")
        isDraining = true
    }

    /// Runs when the process does: later while it is frozen, never once it is dead.
    func run(_ action: @escaping () -> Void) {
        if isDead { return }
        if simulation.now < pausedUntil {
            simulation.after(pausedUntil - simulation.now) { [self] in run(action) }
        } else {
            action()
        }
    }

    func every(_ delay: Duration, _ action: @escaping () -> Void) {
        simulation.after(delay) { [self] in run(action) }
    }

    // MARK: Commands

    func take(_ command: Command, for shard: ShardID) {
        run { [self] in
            guard shards[shard] != nil, shards[shard]?.whenFrozen == nil else { return command.reply(.moved) }
            shards[shard]?.queue.append(command)
            // Mostly it waits a little, as for a train in the cluster, and meanwhile other shards get ready, too.
            guard simulation.chance(0.7) else { return pump(shard) }
            every(simulation.between(0, 0.05)) { [self] in pump(shard) }
        }
    }
}
