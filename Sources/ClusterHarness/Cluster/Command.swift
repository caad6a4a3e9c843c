import Foundation
import Synchronization

/// Runs a program to its end and returns what it printed on standard output.
///
/// - Throws: ``ClusterFailure/command(_:status:output:)`` when it fails or takes too long.
func run(_ command: [String], within duration: Duration) async throws -> [UInt8] {
    let process = Process()
    let directory = FileManager.default.temporaryDirectory
    let outputURL = directory.appendingPathComponent("apus-output-\(UInt64.random(in: 0 ... .max))")
    // A file, not a pipe: nobody has to read while the program runs.
    try Data().write(to: outputURL)
    let output = try FileHandle(forWritingTo: outputURL)
    defer { unlink(outputURL.path) }
    process.executableURL = URL(fileURLWithPath: command.first ?? "")
    process.arguments = Array(command.dropFirst())
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = output
    try process.run()
    do {
        try await wait(for: command.joined(separator: " "), within: duration) { !process.isRunning }
    } catch {
        kill(process.processIdentifier, SIGKILL)
        throw error
    }
    let printed = try Data(contentsOf: outputURL)
    guard process.terminationStatus == 0 else {
        throw ClusterFailure.command(
            command, status: process.terminationStatus, output: String(decoding: printed, as: UTF8.self))
    }
    return Array(printed)
}
