import FoundationEssentials

/// What there is to know about a cluster at a glance; the same as a table and as JSON.
package struct ClusterStatus: Sendable, Codable {
    package struct Worker: Sendable, Codable {
        /// The registry's ID, unique to the run.
        package var id: String
        package var kind: String
        package var version: String
        /// As the worker says: starting, ready, draining.
        package var phase: String
        package var publicAddress: String?
        package var internalAddress: String
        package var operationsAddress: String
        package var secondsUp: Double
        package var secondsSinceSeen: Double
        package var connectionsMax: Int
        /// The shards a room-writer owns.
        package var shards: [Int]
        /// The sum of its tail's positions; `nil` for workers that do not follow the log, or do not answer.
        package var logPosition: Int64?
        /// The place it fills, its process and how often that was restarted; `nil` when another machine runs it.
        package var slot: String?
        package var pid: Int32?
        package var restarts: Int?
    }

    package struct Shard: Sendable, Codable {
        package var number: Int
        package var owner: String?
        package var epoch: Int64
        package var position: Int64
        package var generation: Int64
    }

    package struct Consumer: Sendable, Codable {
        package var name: String
        /// Entries of the log it has not applied.
        package var lag: Int64
    }

    package struct Database: Sendable, Codable {
        package var schemaVersion: Int
        package var featureLevel: Int
        package var generation: Int64
        package var connections: Int
        package var connectionsMax: Int
    }

    package struct RouterServer: Sendable, Codable {
        package var pool: String
        package var worker: String
        /// serving, draining, down or maintenance.
        package var state: String
    }

    /// Its JSON has the names here in snake case.
    package static func encode(_ status: ClusterStatus, isPretty: Bool) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if isPretty { encoder.outputFormatting.insert(.prettyPrinted) }
        return Array(try encoder.encode(status))
    }

    static func decode(_ json: [UInt8]) throws -> ClusterStatus {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(ClusterStatus.self, from: Data(json))
    }

    /// Where clients connect; `nil` when the cluster's router is not ours to know.
    package var url: String?
    package var workers: [Worker]
    package var shards: [Shard]
    package var consumers: [Consumer]
    package var database: Database
    package var routers: [RouterServer]

    /// The sum of all shards' positions: how much was ever appended, as a mark to measure lags against.
    package var logPosition: Int64 { shards.reduce(0) { $0 + $1.position } }
}
