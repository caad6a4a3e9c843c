import NIOCore
import NIOPosix
import Synchronization

/// An HTTP/1.1 server on a port of its own whose every byte a test decides: `withScriptedServer`.
package final class ScriptedHTTPServer: Sendable {
    /// One request as it came.
    package struct Request: Sendable {
        package let method: String
        package let target: String
        /// The head's lines after the first.
        package let headerLines: [String]
        package let body: [UInt8]
        /// Which connection it came on, counted from 0.
        package let connection: Int

        /// The first header of that name, in any case.
        package func header(_ name: String) -> String? {
            for line in headerLines {
                let parts = line.split(separator: ":", maxSplits: 1)
                guard parts.count == 2, parts[0].lowercased() == name.lowercased() else { continue }
                return String(parts[1].drop { $0 == " " })
            }
            return nil
        }
    }

    /// Writes to the connection.
    package struct Responder: Sendable {
        fileprivate let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>

        package func write(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }
        package func write(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }

        /// Writes a whole response with its length.
        package func respond(status: Int = 200, headers: [String] = [], _ body: String = "") async throws {
            let lines = ["HTTP/1.1 \(status) X", "content-length: \(body.utf8.count)"] + headers
            try await write(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
        }
    }

    package struct CloseConnection: Error {
        package init() {}
    }

    package typealias Script = @Sendable (Request, Responder) async throws -> Void

    package let port: Int
    private let connections = Atomic<Int>(0)

    package var address: String { "127.0.0.1:\(port)" }
    package var url: String { "http://\(address)" }
    /// How many connections were accepted.
    package var connectionCount: Int { connections.load(ordering: .relaxed) }

    fileprivate init(port: Int) { self.port = port }

    fileprivate func serve(
        _ server: NIOAsyncChannel<NIOAsyncChannel<ByteBuffer, ByteBuffer>, Never>, _ script: @escaping Script
    ) async throws {
        try await server.executeThenClose { inbound in
            try await withThrowingDiscardingTaskGroup { group in
                for try await connection in inbound {
                    let number = self.connections.add(1, ordering: .relaxed).oldValue
                    group.addTask {
                        // Whatever ends a connection, the test sees it from the client's side.
                        try? await Self.serve(connection, number: number, script)
                    }
                }
            }
        }
    }

    private static func serve(
        _ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>, number: Int, _ script: Script
    ) async throws {
        try await connection.executeThenClose { inbound, outbound in
            var pending: [UInt8] = []
            for try await bytes in inbound {
                pending.append(contentsOf: bytes.readableBytesView)
                while let request = takeRequest(from: &pending, connection: number) {
                    try await script(request, Responder(outbound: outbound))
                }
            }
        }
    }

    private static func takeRequest(from pending: inout [UInt8], connection: Int) -> Request? {
        let separator = Array("\r\n\r\n".utf8)
        guard let end = pending.indices.first(where: { pending[$0...].starts(with: separator) }) else { return nil }
        let lines = String(decoding: pending[..<end], as: UTF8.self).split(separator: "\r\n").map(String.init)
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count == 3 else { return nil }
        let head = Request(
            method: String(words[0]), target: String(words[1]), headerLines: Array(lines.dropFirst()), body: [],
            connection: connection)
        let bodyCount = head.header("content-length").flatMap { Int($0) } ?? 0
        let bodyStart = end + separator.count
        guard pending.count >= bodyStart + bodyCount else { return nil }
        let body = Array(pending[bodyStart..<bodyStart + bodyCount])
        pending.removeFirst(bodyStart + bodyCount)
        return Request(
            method: head.method, target: head.target, headerLines: head.headerLines, body: body, connection: connection)
    }
}

/// Runs `body` beside a server that answers each request with `script`; throwing from a script closes its connection.
@discardableResult
package func withScriptedServer<Value: Sendable>(
    _ script: @escaping ScriptedHTTPServer.Script,
    body: @Sendable (ScriptedHTTPServer) async throws -> Value
) async throws -> Value {
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .bind(host: "127.0.0.1", port: 0) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
    let server = ScriptedHTTPServer(port: channel.channel.localAddress?.port ?? 0)
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.serve(channel, script) }
        let result = await Result { try await body(server) }
        group.cancelAll()
        // The server's own end is its cancellation.
        while await group.nextResult() != nil {}
        return try result.get()
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
