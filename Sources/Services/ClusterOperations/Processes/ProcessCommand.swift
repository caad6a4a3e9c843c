/// What to run, and as whom.
package struct ProcessCommand: Sendable {
    package enum Signal: String, Sendable {
        case terminate = "TERM"
        case interrupt = "INT"
    }

    /// An absolute path.
    package var executable: String
    package var arguments: [String]
    package var environment: [String: String]
    /// Another user to run as; only root can.
    package var user: String?
    /// What the process gets when this one dies without having stopped it.
    package var orphanSignal = Signal.terminate

    package init(
        _ executable: String, _ arguments: [String] = [], environment: [String: String] = [:], user: String? = nil,
        orphanSignal: Signal = .terminate
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.user = user
        self.orphanSignal = orphanSignal
    }

    /// The words to execute: `setpriv` puts the process under this one's life and under its user, then becomes it.
    var words: [String] {
        let identity = user.map { ["--reuid", $0, "--regid", $0, "--init-groups"] } ?? []
        return [Self.setpriv, "--pdeathsig", orphanSignal.rawValue] + identity + ["--", executable] + arguments
    }

    /// Of util-linux, which every Debian has.
    static let setpriv = "/usr/bin/setpriv"
}

/// How a process ended.
package enum ProcessExit: Sendable, Equatable, CustomStringConvertible {
    case exited(Int32)
    case killed(signal: Int32)

    package var isSuccess: Bool { self == .exited(0) }

    package var description: String {
        switch self {
        case .exited(let code): "exit code \(code)"
        case .killed(let signal): "signal \(signal)"
        }
    }
}
