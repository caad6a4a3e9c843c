import HTTPServer
import NIOCore
import WorkerContracts

/// Streams hints, typing and presence to a tailing worker: `GET /internal/feed`.
struct FeedEndpoint: Sendable {
    static let route = Route(
        .get, "/internal/feed", worker: "room-writer", cost: .internal, authentication: .cluster)
    /// How long hints gather after one was sent.
    static let gatherInterval = Duration.milliseconds(2)

    let hub: FeedHub
    let boards: [any FeedBoard]

    func respond() -> HTTPAnswer {
        HTTPAnswer(
            contentType: "application/x-ndjson",
            body: .stream { [hub, boards] write in
                let (listener, number) = hub.open(boards)
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
