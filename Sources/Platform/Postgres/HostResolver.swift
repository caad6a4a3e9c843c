import CLibPQ
import Foundation
import Glibc

/// A libpq connection parameter.
struct ConnectionParameter: Sendable, Equatable {
    let keyword: String
    let value: String
}

/// Turns host names into addresses on a thread of its own, because libpq would block the loop on DNS.
///
/// Asked anew for each connection, so that a fail-over by name is followed; callers during one look-up share it.
final class HostResolver: @unchecked Sendable {  // Guard: touched on the loop's thread only.
    typealias Answer = Result<[ConnectionParameter], PostgresError>

    private let loop: SocketLoop
    private let endpoints: [Endpoint]
    private var waiting: [(Answer) -> Void] = []

    struct Endpoint: Sendable, Equatable {
        let host: String
        let port: String
        /// Neither a socket's directory nor an address.
        let isName: Bool
    }

    init(loop: SocketLoop, url: String) {
        self.loop = loop
        endpoints = Self.endpoints(of: url)
    }

    /// Answers at once when there is no name to look up.
    func resolve(_ answer: @escaping (Answer) -> Void) {
        guard endpoints.contains(where: \.isName) else { return answer(.success([])) }
        waiting.append(answer)
        guard waiting.count == 1 else { return }
        let thread = Thread { [self] in
            let result = Self.lookUp(endpoints)
            loop.submit { [self] in
                let answers = waiting
                waiting = []
                for answer in answers { answer(result) }
            }
        }
        thread.name = "postgres-dns"
        thread.start()
    }

    /// The hosts and ports of a connection string; empty when libpq is to see to it alone.
    static func endpoints(of url: String) -> [Endpoint] {
        guard let options = PQconninfoParse(url, nil) else { return [] }  // Connecting will say what is wrong.
        defer { PQconninfoFree(options) }
        var values: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        guard values["hostaddr"] == nil, let hosts = values["host"] else { return [] }
        let ports = (values["port"] ?? "").split(separator: ",", omittingEmptySubsequences: false)
        return hosts.split(separator: ",", omittingEmptySubsequences: false).enumerated().map { index, host in
            let port = ports.count == 1 ? ports[0] : index < ports.count ? ports[index] : ""
            return Endpoint(host: String(host), port: String(port), isName: isName(String(host)))
        }
    }

    private static func isName(_ host: String) -> Bool {
        guard !host.isEmpty, !host.hasPrefix("/"), !host.hasPrefix("@") else { return false }
        var address = in6_addr()
        return inet_pton(AF_INET, host, &address) != 1 && inet_pton(AF_INET6, host, &address) != 1
    }

    /// Lists of equal length, as libpq wants them: one entry for each address of each host.
    private static func lookUp(_ endpoints: [Endpoint]) -> Answer {
        var hosts: [String] = []
        var addresses: [String] = []
        var ports: [String] = []
        for endpoint in endpoints {
            for address in endpoint.isName ? self.addresses(of: endpoint.host) : [""] {
                hosts.append(endpoint.host)
                addresses.append(address)
                ports.append(endpoint.port)
            }
        }
        guard !hosts.isEmpty else { return .failure(PostgresError(.connectionLost("no host's name can be resolved"))) }
        return .success([
            ConnectionParameter(keyword: "host", value: hosts.joined(separator: ",")),
            ConnectionParameter(keyword: "hostaddr", value: addresses.joined(separator: ",")),
            ConnectionParameter(keyword: "port", value: ports.joined(separator: ",")),
        ])
    }

    private static func addresses(of host: String) -> [String] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [String] = []
        var next = list
        while let entry = next {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let status = getnameinfo(
                entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
            if status == 0 {
                found.append(String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
            }
            next = entry.pointee.ai_next
        }
        return found
    }
}
