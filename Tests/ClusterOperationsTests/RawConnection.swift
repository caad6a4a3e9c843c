import Foundation
import NIOCore
import NIOPosix

/// Bytes as they are to a port and back, for requests no client would send.
enum RawConnection {
    /// Sends `bytes` and returns what comes until the other side closes, or nothing comes for a while.
    static func exchange(_ bytes: String, port: Int, quiet: Duration = .milliseconds(700)) async throws -> String {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: bytes))
            return try await withThrowingTaskGroup(of: String?.self) { group in
                let received = LineCollector()
                group.addTask {
                    for try await part in inbound { received.append(String(buffer: part)) }
                    return nil
                }
                group.addTask {
                    var count = -1
                    while received.all.count != count {
                        count = received.all.count
                        try await Task.sleep(for: quiet)
                    }
                    return nil
                }
                _ = try await group.next()
                group.cancelAll()
                return received.all.joined()
            }
        }
    }

    /// The statuses of the responses in `text`.
    static func statuses(_ text: String) -> [Int] {
        text.split(separator: "\r\n").compactMap { line in
            line.hasPrefix("HTTP/1.1 ") ? Int(line.split(separator: " ")[1]) : nil
        }
    }
}
