import Foundation

/// What the kernel says about a running process.
public struct ProcessFigures: Sendable {
    public let pid: Int32
    /// Resident memory, in bytes.
    public let residentBytes: Int
    public let openFiles: Int
    /// Processor time of all its threads since it started, counted in hundredths of a second.
    public let processorTime: Duration

    /// `nil` when there is no such process.
    public init?(pid: Int32) {
        self.pid = pid
        let (status, stat): (String, String)
        do {
            status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
            stat = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        } catch {
            // No such process, or it ended meanwhile: not an error.
            return nil
        }
        // Those of another user's process are not ours to see.
        openFiles = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd"))?.count ?? 0
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        let kilobytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
        residentBytes = (kilobytes ?? 0) << 10
        // The name, which may hold anything, stands in brackets; the 12th and 13th field after it are user and system time.
        let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
        let ticks = fields.dropFirst(12).prefix(2).compactMap { Int($0) }.reduce(0, +)
        processorTime = .milliseconds(ticks * 10)
    }
}
