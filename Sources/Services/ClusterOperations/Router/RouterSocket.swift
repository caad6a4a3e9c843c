import NIOCore
import NIOPosix

/// The router's runtime socket: one connection, one command, one answer.
package struct RouterSocket: Sendable {
    package enum Failure: Error, CustomStringConvertible {
        case noAnswer(command: String)
        case tooLong
        package var description: String {
            switch self {
            case .noAnswer(let command): "the router does not answer '\(command)'"
            case .tooLong: "the router's answer is too long"
            }
        }
    }

    /// How long an answer may take.
    static let answerMax = Duration.seconds(2)
    /// The longest answer, in bytes: a thousand servers' states.
    static let answerBytesMax = 1 << 20

    let path: String

    package init(path: String) { self.path = path }

    /// Sends one command and returns the whole answer.
    package func send(_ command: String) async throws -> String {
        try await withThrowingTaskGroup(of: String?.self) { group in
            group.addTask { try await exchange(command) }
            group.addTask {
                try await Task.sleep(for: Self.answerMax)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let answer = first else {
                throw Failure.noAnswer(command: command)
            }
            return answer
        }
    }

    /// The servers the router has, in all pools.
    package func servers() async throws -> [RouterServerState] {
        RouterServerState.parse(try await send("show servers state"))
    }

    private func exchange(_ command: String) async throws -> String {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(unixDomainSocketPath: path) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: command + "\n"))
            var answer = ByteBuffer()
            for try await part in inbound {
                answer.writeImmutableBuffer(part)
                guard answer.readableBytes <= Self.answerBytesMax else { throw Failure.tooLong }
            }
            return String(buffer: answer)
        }
    }
}
