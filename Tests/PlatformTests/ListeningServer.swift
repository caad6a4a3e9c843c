import Foundation
import HTTPServer
import NIOCore
import NIOPosix
import OutboundHTTP
import Synchronization
import TestSupport
import Testing

/// A listener with routes of a test's own, on a socket of its own.
struct ListeningServer: Sendable {
    let listener: HTTPListener
    let address: String
    let http: HTTPClient

    var port: Int { address.split(separator: ":").last.flatMap { Int($0) } ?? 0 }

    static func with(
        _ routes: [(Route, HTTPListener.Handler)], options: HTTPListener.Options = .init(),
        _ body: (ListeningServer) async throws -> Void
    ) async throws {
        let listener = HTTPListener(host: "127.0.0.1", port: 0, routes: routes, options: options, logger: .silent)
        var configuration = HTTPClient.Configuration()
        configuration.connectionsMax = 1_024
        let http = HTTPClient(configuration: configuration)
        defer { http.shutdown() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await listener.run() }
            let address = try #require(await listener.boundAddress())
            try await body(ListeningServer(listener: listener, address: address, http: http))
            group.cancelAll()
            // The listener ends by cancellation, whichever way it says so.
            do { try await group.waitForAll() } catch {}
        }
    }

    func send(
        _ method: String, _ path: String, body: [UInt8]? = nil, headers: [(name: String, value: String)] = []
    ) async throws -> HTTPResponse {
        try await http.execute(
            HTTPRequest(method: method, url: "http://\(address)\(path)", headers: headers, body: body),
            deadline: .now + .seconds(60))
    }

    /// Sends bytes as they are, and returns what comes back until the other side closes or says nothing for a while.
    func exchange(_ bytes: String, quiet: Duration = .milliseconds(500)) async throws -> String {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: bytes))
            let received = Received()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { for try await part in inbound { received.append(String(buffer: part)) } }
                group.addTask {
                    var count = -1
                    while received.text.utf8.count != count {
                        count = received.text.utf8.count
                        try await Task.sleep(for: quiet)
                    }
                }
                try await group.next()
                group.cancelAll()
            }
            return received.text
        }
    }
}

/// What has come so far.
private final class Received: Sendable {
    private let parts = Mutex("")
    func append(_ text: String) { parts.withLock { $0 += text } }
    var text: String { parts.withLock { $0 } }
}

extension Route {
    static func test(
        _ method: HTTPMethod = .get, _ path: String = "/test", cost: CostClass = .light,
        bodyLimit: ByteCount = .kibibytes(1)
    ) -> Route {
        Route(method, path, worker: "any", cost: cost, authentication: .none, bodyLimit: bodyLimit)
    }
}
