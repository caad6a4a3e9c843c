import NIOCore
import NIOPosix
import TestSupport

/// An upload whose every byte a test decides.
enum RawUpload {
    /// Sends an upload piece by piece and returns the beginning of what comes back.
    ///
    /// - Parameter isWhole: else the connection is closed before the end.
    static func send(
        to world: MediaWorld, by person: MediaWorld.Person, pieces: [[UInt8]], isChunked: Bool, isWhole: Bool
    ) async throws -> String {
        let port = world.address.split(separator: ":").last.flatMap { Int($0) } ?? 0
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            let length = pieces.reduce(isWhole ? 0 : 1) { $0 + $1.count }
            let framing = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(length)"
            try await outbound.write(
                ByteBuffer(
                    string: "POST /_matrix/media/v3/upload HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(person.token)"
                        + "\r\n\(framing)\r\n\r\n"))
            for piece in pieces {
                let frame = isChunked ? String(piece.count, radix: 16) + "\r\n" : ""
                try await outbound.write(ByteBuffer(string: frame))
                try await outbound.write(ByteBuffer(bytes: piece))
                if isChunked { try await outbound.write(ByteBuffer(string: "\r\n")) }
            }
            guard isWhole else {
                // What was sent has to have come before the connection is closed.
                try await eventually("the upload has begun") { world.spooledCount() == 1 }
                return ""
            }
            if isChunked { try await outbound.write(ByteBuffer(string: "0\r\n\r\n")) }
            var text = ""
            for try await part in inbound {
                text += String(buffer: part)
                if text.contains("\r\n\r\n") { break }
            }
            return text
        }
    }
}
