import HTTPServer
import NIOCore
import WorkerContracts

/// Streams hints and typing to a tailing worker: `GET /internal/feed`.
struct FeedEndpoint: Sendable {
    static let route = Route(
        .get, "/internal/feed", worker: "room-writer", cost: .internal, authentication: .cluster)
    /// How long hints gather after one was sent.
    static let gatherInterval = Duration.milliseconds(2)

    let hub: FeedHub
    let typing: TypingBoard

    func respond() -> HTTPAnswer {
        HTTPAnswer(
            contentType: "application/x-ndjson",
            body: .stream { [hub, typing] write in
                let (listener, number) = typing.addListener()
                defer { hub.remove(number) }
                while let messages = await listener.next() {
                    var buffer = ByteBuffer()
                    for message in messages { buffer.writeBytes(message.line) }
                    try await write(buffer)
                    try await Task.sleep(for: Self.gatherInterval)
                }
            })
    }
}
