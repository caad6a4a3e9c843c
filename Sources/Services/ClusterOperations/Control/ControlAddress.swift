import FoundationEssentials

/// Where a running cluster takes commands: written by `apus up`, read by the other commands.
package struct ControlAddress: Sendable, Codable {
    /// `host:port` on loopback.
    package var address: String
    package var pid: Int32
    package var url: String
    package var databaseURL: String
    package var serverName: String

    static let fileName = "control.json"

    /// The cluster that runs in a state folder.
    ///
    /// - Throws: ``StateDirectory/Problem/notRunning(_:)`` when there is none.
    package static func read(statePath: String) throws -> ControlAddress {
        let folder = StateDirectory.absolutePath(statePath)
        let path = folder + "/" + fileName
        guard FileManager.default.fileExists(atPath: path) else { throw StateDirectory.Problem.notRunning(folder) }
        return try JSONDecoder().decode(ControlAddress.self, from: Data(contentsOf: URL(filePath: path)))
    }

    func write(to state: StateDirectory) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try state.write(String(decoding: try encoder.encode(self), as: UTF8.self) + "\n", to: Self.fileName)
    }

    static func remove(from state: StateDirectory) throws {
        try FileManager.default.removeItem(atPath: state.path + "/" + fileName)
    }
}
