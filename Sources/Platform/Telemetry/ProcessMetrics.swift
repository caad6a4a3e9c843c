import FoundationEssentials
import Glibc
import Metrics

/// What the process itself uses: memory, files, threads.
public struct ProcessMetrics: Sendable {
    private let memory = Gauge(label: "process_resident_memory_bytes")
    private let files = Gauge(label: "process_open_fds")
    private let filesMax = Gauge(label: "process_max_fds")

    public init() {}

    /// Registers the values to be looked up at every reading.
    public static func install() {
        let metrics = ProcessMetrics()
        PrometheusMetrics.shared.beforeReading { metrics.update() }
    }

    func update() {
        if let pages = Self.residentPages() { memory.record(pages * sysconf(Int32(_SC_PAGESIZE))) }
        // Missing only while /proc is not mounted: then there is nothing to report.
        if let entries = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            files.record(entries.count)
        }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            filesMax.record(Int64(limit.rlim_cur))
        }
    }

    private static func residentPages() -> Int? {
        // As above.
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return nil }
        return text.split(separator: " ").dropFirst().first.flatMap { Int($0) }
    }
}
