import Foundation
import Glibc

/// A loopback proxy that misbehaves on command, for tests of what a network does to a connection.
///
/// A silent peer, a half-sent message and a lost answer look different to a client; each has its own command here.
public final class TCPProxy: @unchecked Sendable {  // Guard: `condition`; the settings and relays.
    public enum Direction: Sendable, CaseIterable { case toServer, toClient }

    public enum Failure: Error { case cannotListen(errno: Int32) }

    private struct Settings {
        var held: Set<Direction> = []
        var delay: [Direction: Duration] = [:]
        var cutAfter: [Direction: Int] = [:]
        var forwarded: [Direction: Int] = [:]
    }

    /// Both sockets of one connection, closed when the last of its threads lets go.
    private final class Relay: Sendable {
        let client: Int32
        let server: Int32

        init(client: Int32, server: Int32) {
            self.client = client
            self.server = server
        }

        deinit {
            close(client)
            close(server)
        }

        func cut() {
            shutdown(client, Int32(SHUT_RDWR))
            shutdown(server, Int32(SHUT_RDWR))
        }
    }

    public let port: UInt16
    private let listener: Int32
    private let upstreamPort: UInt16
    private let condition = NSCondition()
    private var settings = Settings()
    private var relays: [Relay] = []
    private var isClosed = false

    /// Listens on a free loopback port and forwards to `upstreamPort` on 127.0.0.1.
    public init(to upstreamPort: UInt16) throws {
        self.upstreamPort = upstreamPort
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard let port = Loopback.listen(on: listener) else { throw Failure.cannotListen(errno: errno) }
        self.port = port
        start("proxy-accept") { [self] in accept() }
    }

    // MARK: Commands

    /// Forwards nothing any more in either direction; connections stay open.
    public func blackhole() { hold(.toServer, .toClient) }

    /// Stops forwarding in these directions.
    public func hold(_ directions: Direction...) { change { $0.held.formUnion(directions) } }

    /// Forwards again whatever was held.
    public func release() { change { $0.held = [] } }

    /// Makes each piece forwarded in a direction late.
    public func delay(_ direction: Direction, by duration: Duration) { change { $0.delay[direction] = duration } }

    /// Cuts the connection that carries the `count`th byte from now on in a direction, just behind it.
    public func cut(_ direction: Direction, afterBytes count: Int) { change { $0.cutAfter[direction] = count } }

    /// Cuts every connection there is; new ones are taken.
    public func cutAll() {
        condition.lock()
        let cut = relays
        relays = []
        condition.unlock()
        for relay in cut { relay.cut() }
    }

    /// Cuts everything and takes no more connections.
    public func stop() {
        condition.lock()
        isClosed = true
        condition.broadcast()
        condition.unlock()
        shutdown(listener, Int32(SHUT_RDWR))
        cutAll()
    }

    /// Bytes forwarded in a direction since the start.
    public func forwarded(_ direction: Direction) -> Int {
        condition.withLock { settings.forwarded[direction, default: 0] }
    }

    private func change(_ body: (inout Settings) -> Void) {
        condition.withLock {
            body(&settings)
            condition.broadcast()
        }
    }

    // MARK: Threads

    private func start(_ name: String, _ body: @escaping @Sendable () -> Void) {
        let thread = Thread(block: body)
        thread.name = name
        thread.start()
    }

    private func accept() {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            guard client >= 0 else { break }
            guard let server = Loopback.connect(to: upstreamPort) else {
                close(client)
                continue
            }
            let relay = Relay(client: client, server: server)
            condition.withLock { relays.append(relay) }
            start("proxy-up") { [self] in pump(.toServer, relay, from: client, to: server) }
            start("proxy-down") { [self] in pump(.toClient, relay, from: server, to: client) }
        }
        close(listener)
    }

    private func pump(_ direction: Direction, _ relay: Relay, from source: Int32, to sink: Int32) {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = read(source, &buffer, buffer.count)
            guard count > 0, let (allowed, isLast) = admit(direction, count) else { break }
            var sent = 0
            while sent < allowed {
                let written = buffer.withUnsafeBytes {
                    send(sink, $0.baseAddress?.advanced(by: sent), allowed - sent, Int32(MSG_NOSIGNAL))
                }
                guard written > 0 else { break }
                sent += written
            }
            if sent < allowed || isLast { break }
        }
        relay.cut()
        condition.withLock { relays.removeAll { $0 === relay } }
    }

    /// Waits until `count` bytes may pass; how many of them do, and whether the connection ends behind them.
    private func admit(_ direction: Direction, _ count: Int) -> (allowed: Int, isLast: Bool)? {
        condition.lock()
        defer { condition.unlock() }
        if let delay = settings.delay[direction] {
            condition.unlock()
            Thread.sleep(forTimeInterval: delay / .seconds(1))
            condition.lock()
        }
        while settings.held.contains(direction), !isClosed { condition.wait() }
        guard !isClosed else { return nil }
        var allowed = count
        var isLast = false
        if let left = settings.cutAfter[direction] {
            allowed = min(left, count)
            isLast = left <= count
            settings.cutAfter[direction] = isLast ? nil : left - count
        }
        settings.forwarded[direction, default: 0] += allowed
        return (allowed, isLast)
    }
}
