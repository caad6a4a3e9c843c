import CanonicalJSON
import Storage

/// Deletes what deleted devices left because no room-writer could be told of them.
package struct DeviceRemainsJob: HousekeepingJob {
    package static let name = "device-remains"
    package static let interval = Duration.seconds(6 * 3_600)

    let remains: DeviceRemains

    package init(remains: DeviceRemains) { self.remains = remains }

    package func step(from checkpoint: [UInt8]?) async throws -> JobProgress {
        let json = try checkpoint.map { try JSONObject.parse($0) } ?? [:]
        let tables = DeviceRemains.Table.allCases
        let known = json["table"]?.stringValue.flatMap { DeviceRemains.Table(rawValue: $0) }
        let table = known ?? tables[0]
        let place = DeviceRemains.Place(
            user: json["user"]?.stringValue ?? "", device: json["device"]?.stringValue ?? "")
        if let next = try await remains.step(through: table, after: place) {
            return .more(checkpoint: Self.checkpoint(table, next))
        }
        guard let index = tables.firstIndex(of: table), index + 1 < tables.count else { return .finished }
        return .more(checkpoint: Self.checkpoint(tables[index + 1], DeviceRemains.Place()))
    }

    private static func checkpoint(_ table: DeviceRemains.Table, _ place: DeviceRemains.Place) -> [UInt8] {
        let json: JSONObject = [
            "table": .string(table.rawValue), "user": .string(place.user), "device": .string(place.device),
        ]
        return json.bytes()
    }
}
