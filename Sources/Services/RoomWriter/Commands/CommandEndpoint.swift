import CanonicalJSON
import HTTPServer
import Identifiers
import NIOCore
import WorkerContracts

/// Takes commands from other workers: `POST /internal/shards/{shard}/commands`.
struct CommandEndpoint: Sendable {
    static let route = Route(
        .post, "/internal/shards/{shard}/commands", worker: "room-writer", cost: .internal, authentication: .cluster,
        bodyLimit: .mebibytes(16))

    let host: ShardHost

    /// Answers 200 with a reply, whatever it is; 400 to what is no command.
    func respond(to request: ServerRequest) async throws -> HTTPAnswer {
        guard let number = request.parameters["shard"].flatMap({ Int16($0) }), number >= 0 else {
            return Self.malformed("the shard is no number")
        }
        let envelope: CommandEnvelope
        do {
            envelope = try CommandEnvelope(json: try JSONValue.parse(request.body.readableBytesView))
        } catch {
            return Self.malformed("\(error)")
        }
        let reply = await host.execute(envelope, in: ShardID(number))
        return HTTPAnswer(body: .bytes(ByteBuffer(bytes: reply.json.bytes())))
    }

    private static func malformed(_ reason: String) -> HTTPAnswer {
        let body: JSONValue = ["errcode": "M_BAD_JSON", "error": .string(reason)]
        return HTTPAnswer(status: 400, body: .bytes(ByteBuffer(bytes: body.bytes())))
    }
}
