import Identifiers
import Leases

/// Sends pairs of commands, the second once the first is acknowledged; repeats what is not answered, under the same name.
final class SimulatedClient {
    static let patience = Duration.seconds(2)

    let number: Int
    private unowned let simulation: Simulation
    private var sent = 0
    private var current: String?
    private(set) var acknowledged: [String] = []

    init(_ number: Int, _ simulation: Simulation) {
        self.number = number
        self.simulation = simulation
    }

    /// It has stopped and waits for nothing.
    var isDone: Bool { current == nil && simulation.now > simulation.settings.faultsEnd }
    var waitsFor: String { current ?? "nothing" }

    func start() { next() }

    private func next() {
        current = nil
        simulation.after(simulation.between(0.01, 0.3)) { [self] in
            let isSecond = sent % 2 == 1
            guard simulation.now < simulation.settings.faultsEnd || isSecond else { return }
            let kind = simulation.chance(0.03) && !isSecond ? "poison" : isSecond ? "b" : "a"
            let key = "\(kind)-\(number)-\(sent / 2)"
            let shard = ShardID(Int16(Int.random(in: 0..<simulation.settings.shards, using: &simulation.random)))
            current = key
            send(key, to: shard)
        }
    }

    private func send(_ key: String, to shard: ShardID) {
        guard current == key else { return }
        let again = { [self] in send(key, to: shard) }
        simulation.after(Self.patience, again)
        // The directory may be behind.
        let owner =
            simulation.chance(0.1)
            ? simulation.writers.keys.sorted().randomElement(using: &simulation.random)
            : simulation.postgres.state.leases[shard]?.owner
        simulation.afterNetwork { [self] in
            guard let writer = owner.flatMap({ simulation.writers[$0] }) else { return }
            let command = SimulatedWriter.Command(key: key) { [self] reply in
                simulation.afterNetwork { [self] in hear(reply, key) }
            }
            writer.take(command, for: shard)
        }
    }

    private func hear(_ reply: SimulatedWriter.Reply, _ key: String) {
        guard current == key else { return }
        switch reply {
        case .moved: break  // The repeat is on its way.
        case .refused:
            if !key.hasPrefix("poison") { simulation.fail("\(key) was refused") }
            sent += 2
            next()
        case .done:
            acknowledged.append(key)
            sent += 1
            next()
        }
    }
}
