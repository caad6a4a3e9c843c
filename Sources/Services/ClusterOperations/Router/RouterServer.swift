import Leases

/// A worker as the router should have it.
package struct RouterServer: Sendable, Hashable {
    package enum Mode: Sendable, Hashable {
        /// It takes requests.
        case serving
        /// It finishes what it has.
        case draining
    }

    /// The worker's ID, unique to its run.
    package let id: WorkerID
    package let kind: WorkerKind
    /// `host:port`.
    package let publicAddress: String
    /// Where `/ready` is, `host:port`.
    package let operationsAddress: String
    package var mode: Mode

    package init(id: WorkerID, kind: WorkerKind, publicAddress: String, operationsAddress: String, mode: Mode) {
        self.id = id
        self.kind = kind
        self.publicAddress = publicAddress
        self.operationsAddress = operationsAddress
        self.mode = mode
    }

    /// The server's name in the router's pools.
    var name: String { id.text }

    /// A number from the name, the same in every router, so that all of them hash users to the same workers.
    var number: Int {
        // FNV-1a; positive and below 2^31, as the router wants.
        let hash = name.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
        return max(1, Int(hash & 0x7FFF_FFFF))
    }
}

/// A server as the router has it: one line of `show servers state`.
package struct RouterServerState: Sendable, Hashable {
    package let pool: String
    package let name: String
    package let number: Int
    /// 0 down, 1 coming up, 2 up, 3 finishing what it has.
    package let operational: Int
    /// The bits of forced states.
    package let administrative: Int

    package var isInMaintenance: Bool { administrative & 0x01 != 0 }
    package var isDraining: Bool { administrative & 0x08 != 0 }
    /// It gets requests.
    package var isServing: Bool { operational == 2 && administrative == 0 }

    package init(pool: String, name: String, number: Int, operational: Int, administrative: Int) {
        self.pool = pool
        self.name = name
        self.number = number
        self.operational = operational
        self.administrative = administrative
    }

    /// Reads the answer to `show servers state`, version 1; lines of another form are not servers.
    static func parse(_ text: String) -> [RouterServerState] {
        text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard !line.hasPrefix("#"), fields.count > 7, let number = Int(fields[2]), let operational = Int(fields[5]),
                let administrative = Int(fields[6])
            else { return nil }
            return RouterServerState(
                pool: String(fields[1]), name: String(fields[3]), number: number, operational: operational,
                administrative: administrative)
        }
    }
}
