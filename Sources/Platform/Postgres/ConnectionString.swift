import CLibPQ
import Glibc

/// The parameters every session is opened with.
enum ConnectionString {
    /// Starts a connection without waiting for it; `nil` only when memory is out.
    ///
    /// - Parameter addresses: further parameters, with the hosts resolved.
    static func start(
        _ configuration: PostgresConfiguration, applicationName: String, addresses: [ConnectionParameter]
    ) -> OpaquePointer? {
        let options = [
            "statement_timeout=\(milliseconds(configuration.statementTimeout))",
            "lock_timeout=\(milliseconds(configuration.lockTimeout))",
            "idle_in_transaction_session_timeout=\(milliseconds(configuration.idleInTransactionTimeout))",
            "timezone=UTC", "jit=off",
            // Statements are prepared and their arrays differ: PostgreSQL would plan most of them anew each time, which
            // costs more than running them (docs/decisions/0010-plans-are-made-once.md).
            "plan_cache_mode=force_generic_plan",
        ].map { "-c \($0)" }.joined(separator: " ")
        // Keywords given after dbname override those in the URL it expands to.
        let parameters =
            [
                ("dbname", configuration.url),
                ("application_name", applicationName),
                ("client_encoding", "UTF8"),
                ("options", options),
                ("tcp_user_timeout", String(milliseconds(configuration.tcpUserTimeout))),
                ("keepalives_idle", "10"), ("keepalives_interval", "3"), ("keepalives_count", "3"),
            ] + addresses.map { ($0.keyword, $0.value) }
        return withCStrings(parameters.map(\.0)) { keywords in
            withCStrings(parameters.map(\.1)) { values in PQconnectStartParams(keywords, values, 1) }
        }
    }

    private static func milliseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    }

    /// Calls `body` with a null-terminated array of C strings.
    private static func withCStrings<Result>(
        _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) }
        defer { copies.forEach { free($0) } }
        let pointers = copies.map { UnsafePointer($0) } + [nil]
        return pointers.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("the array has its terminator") }
            return body(base)
        }
    }
}
