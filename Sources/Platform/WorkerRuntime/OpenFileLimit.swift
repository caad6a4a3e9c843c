import Glibc

/// The process's limit on open files: raised to what the system allows, or set to what the operator wants.
enum OpenFileLimit {
    /// Files kept for everything that is not a client's connection: PostgreSQL, other workers, logs, `/proc`.
    static let reserved = 64

    /// - Returns: the limit in force.
    static func apply(_ wanted: Int?) -> Int {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0 else { return 1_024 }
        limit.rlim_cur = min(limit.rlim_max, wanted.map { rlim_t($0) } ?? limit.rlim_max)
        _ = setrlimit(resource, &limit)  // Refused: the old limit stays, and is what is read next.
        _ = getrlimit(resource, &limit)
        return Int(min(limit.rlim_cur, 1_000_000))
    }

    /// Client connections a listener may hold: 80 % of what is not reserved.
    static func connectionsMax(of limit: Int) -> Int { max(16, (limit - reserved) * 8 / 10) }
}
