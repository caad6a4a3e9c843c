import ArgumentParser
import ClusterOperations
import Foundation
import Identifiers

/// Deletes a room's old messages.
struct PurgeHistory: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge-history",
        abstract: "Has the housekeepers delete a room's messages from before a moment; state stays.")

    @OptionGroup var database: DatabaseChoice
    @Argument(help: "The room's ID.")
    var room: String
    @Option(help: "The moment, as 2026-01-31 or 2026-01-31T12:00:00Z.")
    var before: String
    @Flag(help: "Return at once instead of waiting until it is done.")
    var detach = false

    func run() async throws {
        guard let moment = Self.moment(before) else {
            throw ValidationError("--before takes 2026-01-31 or 2026-01-31T12:00:00Z")
        }
        let (url, _) = try database.resolve()
        try await OperatorDatabase.with(url: url) { database in
            let purge = HistoryPurge(database: database)
            let number = try await purge.request(room, before: moment)
            guard !detach else { return print("purge \(number) requested") }
            print("purge \(number): \(try await purge.finished(number)) events deleted")
        }
    }

    /// Days begin at midnight UTC.
    static func moment(_ text: String) -> Timestamp? {
        let formatter = ISO8601DateFormatter()
        guard let date = formatter.date(from: text.contains("T") ? text : text + "T00:00:00Z") else { return nil }
        return Timestamp(milliseconds: Int64(date.timeIntervalSince1970 * 1_000))
    }
}
