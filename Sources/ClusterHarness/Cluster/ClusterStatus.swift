import CanonicalJSON

/// What `apus status --json` says.
public struct ClusterStatus: Sendable {
    public struct Worker: Sendable, Equatable {
        public var id: String
        /// `client`, `sync`, `initial-sync` or `room-writer`.
        public var kind: String
        public var pid: Int32
        public var phase: String
        public var publicAddress: String?
        public var internalAddress: String
        public var operationsAddress: String

        public var isReady: Bool { phase == "ready" }
    }

    public var workers: [Worker]

    init(_ json: JSONObject) throws(ClusterFailure) {
        var workers: [Worker] = []
        for entry in json["workers"]?.arrayValue ?? [] {
            // A worker of which only the registry is left has no process.
            guard let pid = entry["pid"]?.intValue else { continue }
            guard let id = entry["id"]?.stringValue, let kind = entry["kind"]?.stringValue,
                let phase = entry["phase"]?.stringValue,
                let internalAddress = entry["internal_address"]?.stringValue,
                let operationsAddress = entry["operations_address"]?.stringValue
            else { throw .unreadableStatus("a worker lacks id, kind, phase or an address") }
            workers.append(
                Worker(
                    id: id, kind: kind, pid: Int32(truncatingIfNeeded: pid), phase: phase,
                    publicAddress: entry["public_address"]?.stringValue, internalAddress: internalAddress,
                    operationsAddress: operationsAddress))
        }
        self.workers = workers
    }

    /// The ready workers of a kind, by ID.
    public func ready(_ kind: String) -> [Worker] {
        workers.filter { $0.kind.utf8.elementsEqual(kind.utf8) && $0.isReady }.sorted { $0.id < $1.id }
    }
}
