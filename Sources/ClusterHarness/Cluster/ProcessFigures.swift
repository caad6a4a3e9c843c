import Foundation

/// What the kernel says about a running process.
public struct ProcessFigures: Sendable {
    public let pid: Int32
    /// Resident memory, in bytes.
    public let residentBytes: Int
    public let openFiles: Int

    /// `nil` when there is no such process.
    public init?(pid: Int32) {
        self.pid = pid
        // No such process, or it ended meanwhile: not an error.
        guard let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8),
            let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd")
        else { return nil }
        openFiles = files.count
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        let kilobytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
        residentBytes = (kilobytes ?? 0) << 10
    }
}
