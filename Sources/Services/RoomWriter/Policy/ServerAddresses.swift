import CanonicalJSON
import Identifiers
import OutboundHTTP
import Synchronization

/// Where another server is reached.
struct ServerAddress: Sendable, Equatable {
    /// Scheme, host and port.
    let url: String
    /// What requests name as their host.
    let host: String
}

/// Finds other servers by their names (spec v1.19, server-server API, "Resolving server names"); SRV records are not
/// looked up.
final class ServerAddresses: Sendable {
    static let portDefault = 8_448
    /// How long what a server says of itself is believed, and that it says nothing.
    static let delegationLife = Duration.seconds(24 * 3_600)
    static let silenceLife = Duration.seconds(3_600)
    /// The longest a server may take to say where it is.
    static let delegationMax = Duration.seconds(3)
    /// Servers remembered; beyond, all are asked again.
    static let serversMax = 10_000
    /// The longest answer, in bytes.
    static let answerBytesMax = 16 << 10

    private struct Known {
        let address: ServerAddress
        let until: ContinuousClock.Instant
    }

    private let client: HTTPClient
    private let scheme: String
    private let known = Mutex<[ServerName: Known]>([:])

    /// - Parameter scheme: `https`; tests have servers without.
    init(client: HTTPClient, scheme: String) {
        self.client = client
        self.scheme = scheme
    }

    /// Where `server` is reached.
    func address(of server: ServerName, deadline: ContinuousClock.Instant) async throws -> ServerAddress {
        if server.isIPLiteral || server.port != nil { return direct(server) }
        if let known = known.withLock({ $0[server] }), known.until > .now { return known.address }
        let delegate = try await delegate(of: server, deadline: min(deadline, .now + Self.delegationMax))
        let address = direct(delegate ?? server)
        let life = delegate == nil ? Self.silenceLife : Self.delegationLife
        known.withLock { known in
            if known.count >= Self.serversMax { known = [:] }
            known[server] = Known(address: address, until: .now + life)
        }
        return address
    }

    private func direct(_ server: ServerName) -> ServerAddress {
        ServerAddress(url: "\(scheme)://\(server.host):\(server.port ?? Self.portDefault)", host: server.rawValue)
    }

    /// Whom `server` names to speak for it; `nil` when it does not say.
    private func delegate(of server: ServerName, deadline: ContinuousClock.Instant) async throws -> ServerName? {
        let request = HTTPRequest(
            method: "GET", url: "\(scheme)://\(server.host)/.well-known/matrix/server",
            responseBytesMax: Self.answerBytesMax)
        do throws(HTTPClientError) {
            let response = try await client.execute(request, deadline: deadline)
            guard response.status == 200 else { return nil }
            // What is no JSON names nobody.
            return (try? JSONObject.parse(response.body))?["m.server"]?.stringValue.flatMap { ServerName($0) }
        } catch {
            if error == .cancelled { throw error }
            return nil
        }
    }
}
