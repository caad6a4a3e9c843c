import ClusterConfiguration
import FoundationEssentials
import Identifiers
import Signing

/// Which server a worker belongs to: its name, and the key it signs with.
public struct ServerIdentity: Sendable {
    public let name: ServerName
    public let key: SigningKey

    /// Reads both as they are configured; `nil` when either cannot be used.
    ///
    /// - Parameter problems: what is wrong is added, of both.
    public init?(_ configuration: WorkerConfiguration, _ problems: inout [String]) {
        let name = Self.name(configuration, &problems)
        let path = configuration.signingKeyPath
        do {
            key = try SigningKey.parse(file: String(contentsOfFile: path, encoding: .utf8))
        } catch {
            problems.append("signing.key_path: \(path) holds no usable key (\(error))")
            return nil
        }
        guard let name else { return nil }
        self.name = name
    }

    /// The name, for a worker that signs nothing; `nil` when it is none.
    public static func name(_ configuration: WorkerConfiguration, _ problems: inout [String]) -> ServerName? {
        let name = ServerName(configuration.serverName)
        if name == nil { problems.append("server.name '\(configuration.serverName)' is not a server name") }
        return name
    }
}
