import Leases

/// The commands that bring the router from what it has to what it should have: pure, and the same whoever asks twice.
///
/// A server is deleted only when nothing uses it; until then the command fails and the next plan has it again.
package struct RouterPlan: Sendable, Equatable {
    package private(set) var commands: [String] = []

    /// Commands in one plan; the rest follows with the next.
    static let commandsMax = 64

    package init(pools: [RouterPool], wanted: [RouterServer], actual: [RouterServerState]) {
        for pool in pools {
            let servers = wanted.filter { $0.kind == pool.kind }
            let present = actual.filter { $0.pool == pool.name }
            var taken = Set(present.map(\.number))
            for server in servers.sorted(by: { $0.id < $1.id }) {
                if let state = present.first(where: { $0.name == server.name }) {
                    adjust(state, to: server.mode)
                } else if server.mode == .serving {
                    add(server, to: pool, &taken)
                }
            }
            for state in present where !servers.contains(where: { $0.name == state.name }) { remove(state) }
        }
        commands = Array(commands.prefix(Self.commandsMax))
    }

    /// A request that cannot connect goes to another server at once, and makes the checks look at this one quickly.
    ///
    /// It does not mark the server down by itself: HAProxy would then have no more than one server left to choose from,
    /// and lets the request wait for a second before it tries that.
    private mutating func add(_ server: RouterServer, to pool: RouterPool, _ taken: inout Set<Int>) {
        var number = server.number
        while !taken.insert(number).inserted { number = number % 0x7FFF_FFFF + 1 }
        let path = "\(pool.name)/\(server.name)"
        let checkPort = server.operationsAddress.split(separator: ":").last ?? ""
        commands += [
            """
            add server \(path) \(server.publicAddress) id \(number) maxconn \(pool.requestsPerServerMax) \
            check port \(checkPort) inter 300ms fastinter 100ms downinter 300ms fall 3 rise 1 \
            observe layer4 error-limit 1 on-error fastinter
            """,
            "enable health \(path)",
            "set server \(path) state ready",
        ]
    }

    private mutating func adjust(_ state: RouterServerState, to mode: RouterServer.Mode) {
        let path = "\(state.pool)/\(state.name)"
        switch mode {
        case .serving where state.isInMaintenance || state.isDraining:
            // The first run of a plan that was cut short may not have come to the checks.
            commands += ["enable health \(path)", "set server \(path) state ready"]
        case .draining where !state.isDraining: commands.append("set server \(path) state drain")
        case .serving, .draining: break
        }
    }

    private mutating func remove(_ state: RouterServerState) {
        let path = "\(state.pool)/\(state.name)"
        if !state.isInMaintenance { commands.append("set server \(path) state maint") }
        commands.append("del server \(path)")
    }
}
