extension ClusterStatus {
    /// The status for people.
    package var table: String {
        var text = ""
        if let url { text += "\(url)\n\n" }
        text += Self.render([Self.header] + workers.sorted { ($0.kind, $0.id) < ($1.kind, $1.id) }.map(row))
        let ownerless = shards.filter { $0.owner == nil }.count
        text += "\nshards    \(shards.count), \(ownerless) without an owner\n"
        text += "log       \(logPosition) entries in all shards, generation \(database.generation)\n"
        for consumer in consumers { text += "consumer  \(consumer.name): \(consumer.lag) behind\n" }
        text += "database  schema \(database.schemaVersion), feature level \(database.featureLevel), "
        text += "\(database.connections) of \(database.connectionsMax) connections\n"
        return text
    }

    private static let header = [
        "WORKER", "KIND", "VERSION", "PHASE", "ROUTER", "UP", "PID", "RESTARTS", "SHARDS", "LAG",
    ]

    private func row(_ worker: Worker) -> [String] {
        [
            worker.id, worker.kind, worker.version, phase(of: worker), routerState(of: worker),
            Self.duration(worker.secondsUp), worker.pid.map { String($0) } ?? "-",
            worker.restarts.map { String($0) } ?? "-", Self.ranges(worker.shards),
            worker.logPosition.map { String(max(0, logPosition - $0)) } ?? "-",
        ]
    }

    private func phase(of worker: Worker) -> String {
        guard worker.secondsSinceSeen > 5 else { return worker.phase }
        return "\(worker.phase), unseen for \(Self.duration(worker.secondsSinceSeen))"
    }

    private func routerState(of worker: Worker) -> String {
        let states = Set(routers.filter { $0.worker == worker.id }.map(\.state))
        return states.isEmpty ? "-" : states.sorted().joined(separator: "/")
    }

    private static func duration(_ seconds: Double) -> String {
        switch Int(seconds) {
        case ..<120: "\(Int(seconds))s"
        case ..<7_200: "\(Int(seconds) / 60)m"
        default: "\(Int(seconds) / 3_600)h"
        }
    }

    /// Numbers as `0-3,7`.
    static func ranges(_ numbers: [Int]) -> String {
        var ranges: [ClosedRange<Int>] = []
        for number in numbers.sorted() {
            if let last = ranges.last, number == last.upperBound + 1 {
                ranges[ranges.count - 1] = last.lowerBound...number
            } else {
                ranges.append(number...number)
            }
        }
        guard !ranges.isEmpty else { return "-" }
        return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ",")
    }

    private static func render(_ rows: [[String]]) -> String {
        let widths = header.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.indices.map { row[$0] + String(repeating: " ", count: widths[$0] - row[$0].count) }
            var line = cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }.joined()
    }
}
