/// What the rules forbid and yet stays, each with its reason.
///
/// The list may only shrink.
struct Exemption {
    struct Place: Hashable {
        let rule: String
        let path: String
    }

    let place: Place
    /// How many times.
    let count: Int
    let reason: String

    private init(_ rule: String, _ path: String, count: Int = 1, _ reason: String) {
        place = Place(rule: rule, path: path)
        self.count = count
        self.reason = reason
    }

    /// How many there are.
    ///
    /// Lower it with each that goes; a new one needs a better idea first.
    static let countMax = 19

    private static let loop = "Touched on its own thread only; a lock around each use would only hide that."
    private static let thread = "Foundation's Thread: blocking work on a thread that Dispatch and tasks do not know."
    private static let singleFlight = "Work that several callers wait for, and that outlives the one that began it."

    static let all: [Exemption] = [
        Exemption("unchecked", "Sources/Platform/OutboundHTTP/Transfer.swift", loop),
        Exemption("unchecked", "Sources/Platform/OutboundHTTP/TransferLoop.swift", loop),
        Exemption("unchecked", "Sources/Platform/Postgres/ConnectionPool.swift", loop),
        Exemption("unchecked", "Sources/Platform/Postgres/HostResolver.swift", loop),
        Exemption("unchecked", "Sources/Platform/Postgres/SocketLoop.swift", loop),
        Exemption("unchecked", "Sources/Platform/Postgres/WireConnection.swift", loop),
        Exemption(
            "unchecked", "Sources/Platform/WorkerRuntime/TerminationSignals.swift", count: 2,
            "Signal sources are not Sendable; they are made in init and only cancelled."),
        Exemption(
            "unchecked", "Sources/TestSupport/TCPProxy.swift", "Blocking threads around one condition, to misbehave on."
        ),
        Exemption("import", "Sources/Platform/Postgres/HostResolver.swift", thread),
        Exemption("import", "Sources/Platform/Postgres/SocketLoop.swift", thread),
        Exemption("import", "Sources/Services/RoomWriter/Resolution/ResolutionThreads.swift", thread),
        Exemption("Task", "Sources/Services/RoomReading/SharedStateJSON.swift", singleFlight),
        Exemption("Task", "Sources/Services/RoomReading/StateRoots.swift", singleFlight),
        Exemption("Task", "Sources/Services/Sync/Rooms/RecentRooms.swift", singleFlight),
        Exemption("Task", "Sources/Services/Sync/Rooms/RoomSummaries.swift", singleFlight),
        Exemption("Task", "Sources/Storage/Leases/ShardDirectory.swift", singleFlight),
        Exemption("Task", "Sources/TestSupport/TestDatabase.swift", singleFlight),
        Exemption(
            "sleep", "Sources/TestSupport/TCPProxy.swift", "A delay is what the proxy is there for, on its own thread."),
    ]
}
