import Collections
import Identifiers
import Leases
import Postgres
import ReplicationLog
import TestSupport

/// Writers, readers and clients around a model of PostgreSQL, all in one thread and by one seed.
///
/// What decides is the code that runs in the cluster: ``ShardLeasePlan``, ``ShardTenure``, ``AppendTurn``, ``GroupCommit``,
/// ``TailStep``, ``Cut``. What is modelled is what surrounds it: time, the network, the server's transactions and locks,
/// and everything that goes wrong with them.
final class Simulation {
    /// A rule taken out, to see that the checks would notice.
    enum Mutation: String, CaseIterable {
        /// Commits do not check epoch and head.
        case noFence
        /// Of several shards that commit together it is enough that one's epoch and head are the expected ones.
        case fenceOfAny
        /// A commit whose end is unknown is taken for done.
        case silenceIsConsent
        /// Readers read one head after another instead of all in one snapshot.
        case tornCut
        /// A server from the past goes on in the generation it was in.
        case noGeneration
    }

    struct Settings {
        var mutation: Mutation?
        /// Whether ``trace`` is written.
        var isTraced = false
        var shards = 6
        var writers = 3
        var readers = 2
        var clients = 5
        /// When faults end, and when everything must have come to rest.
        var faultsEnd = Duration.seconds(20)
        var restLimit = Duration.seconds(30)
    }

    private struct Event: Comparable {
        let time: Duration
        let order: Int
        let action: () -> Void

        static func < (left: Event, right: Event) -> Bool {
            left.time == right.time ? left.order < right.order : left.time < right.time
        }

        static func == (left: Event, right: Event) -> Bool { left.order == right.order }
    }

    let settings: Settings
    var random: SeededRandom
    private(set) var now = Duration.zero
    private(set) var trace: [String] = []
    private(set) var faults: [String] = []
    private var events: Heap<Event> = []
    private var ordered = 0
    private var started = 0
    private(set) lazy var postgres = SimulatedPostgres(self)
    private(set) var writers: [WorkerID: SimulatedWriter] = [:]
    private(set) var readers: [SimulatedReader] = []
    private(set) var clients: [SimulatedClient] = []

    init(seed: UInt64, settings: Settings = Settings()) {
        random = SeededRandom(seed: seed)
        self.settings = settings
    }

    // MARK: Time

    func after(_ delay: Duration, _ action: @escaping () -> Void) {
        ordered += 1
        events.insert(Event(time: now + delay, order: ordered, action: action))
    }

    /// The way of a message; once in a while it takes long.
    func afterNetwork(_ action: @escaping () -> Void) {
        after(chance(0.02) ? between(0.05, 0.8) : between(0.0002, 0.004), action)
    }

    func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &random) < probability }

    func between(_ low: Double, _ high: Double) -> Duration { .seconds(Double.random(in: low..<high, using: &random)) }

    func note(_ line: @autoclosure () -> String) {
        if settings.isTraced { trace.append("\(now) \(line())") }
    }

    /// A rule was broken.
    func fail(_ fault: String) {
        note("BROKEN: \(fault)")
        faults.append(fault)
    }

    // MARK: Course

    /// Runs to the end; the faults found are in ``faults``.
    func run() {
        for _ in 0..<settings.writers { startWriter() }
        readers = (0..<settings.readers).map { SimulatedReader($0, self) }
        clients = (0..<settings.clients).map { SimulatedClient($0, self) }
        for reader in readers { reader.start() }
        for client in clients { client.start() }
        disturb()
        let end = settings.faultsEnd + settings.restLimit
        while faults.isEmpty, let event = events.popMin(), event.time <= end {
            now = event.time
            event.action()
            if now > settings.faultsEnd, clients.allSatisfy(\.isDone), readers.allSatisfy(\.isAtHead) { break }
        }
        if faults.isEmpty { checkTheEnd() }
    }

    private func checkTheEnd() {
        for client in clients where !client.isDone {
            fail("client \(client.number) still waits for \(client.waitsFor)")
        }
        for reader in readers where !reader.isAtHead { fail("reader \(reader.number) did not reach the heads") }
        var counts: [String: Int] = [:]
        for row in postgres.state.rows.values.joined() { counts[row.key, default: 0] += 1 }
        for (key, count) in counts where count > 1 { fail("\(key) was written \(count) times") }
        for key in clients.flatMap(\.acknowledged) where counts[key] == nil && !postgres.lostToRestore.contains(key) {
            fail("\(key) was acknowledged and is lost")
        }
        for reader in readers { reader.checkTheEnd() }
    }

    func startWriter() {
        started += 1
        let id = WorkerID("writer-\(started)")
        note("start \(id)")
        let writer = SimulatedWriter(id, self)
        writers[id] = writer
        writer.start()
    }

    func ended(_ writer: SimulatedWriter) {
        note("end \(writer.id)")
        writers[writer.id] = nil
    }

    // MARK: Faults

    private func disturb() {
        after(between(0.1, 1.5)) { [self] in
            guard now < settings.faultsEnd else { return heal() }
            disturbOnce()
            disturb()
        }
    }

    private func disturbOnce() {
        let writer = writers.values.sorted { $0.id < $1.id }.randomElement(using: &random)
        switch Int.random(in: 0..<12, using: &random) {
        case 0: writer?.pause(for: between(0.5, 9))
        case 1:
            writer?.kill()
            if chance(0.7) { after(between(0.1, 4)) { [self] in startWriter() } }
        case 2: if writers.count > 1 { writer?.drain() }
        case 3: if writers.count < 5 { startWriter() }
        case 4, 5: postgres.sessions.randomElement(using: &random).map { postgres.terminate($0) }
        case 6, 7: postgres.sessions.randomElement(using: &random).map { postgres.cut($0) }
        case 8: postgres.restart(down: between(0.1, 3))
        case 9: postgres.emptyLog()
        case 10: readers.randomElement(using: &random)?.pause(for: between(0.5, 6))
        default: if chance(0.5) { postgres.backUp() } else { postgres.restore(down: between(0.1, 2)) }
        }
    }

    /// From here on nothing goes wrong any more, and everything has to come to rest.
    private func heal() {
        note("faults end")
        if !writers.values.contains(where: { !$0.isDraining }) { startWriter() }
    }
}
