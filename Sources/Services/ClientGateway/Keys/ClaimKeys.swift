import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import WorkerContracts

/// Takes keys to begin sessions with devices by: `POST /_matrix/client/v3/keys/claim` (spec v1.19, "Key management API").
///
/// A one-time key is given once, for good, also when the answer is lost on its way.
struct ClaimKeys: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/keys/claim", cost: .write, bodyLimit: .createRoom)
    /// The most devices of one request.
    static let devicesMax = 10_000
    /// How many users' shards are asked at once.
    static let concurrencyMax = 16

    let server: ServerName
    let users: UserLocator
    let sender: CommandSender

    /// Who cannot be asked in time is among the failures; the others' keys are taken all the same.
    ///
    /// - Throws: `M_MISSING_PARAM`, `M_BAD_JSON`, `M_INVALID_PARAM`.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let body = BodyFields(try request.jsonBody())
        guard let asked = try body.object("one_time_keys") else {
            throw MatrixError.missingParam("'one_time_keys' is missing.")
        }
        let claims = try Self.claims(asked)
        let shards = try await users.shards(of: claims.map(\.user))
        var failures = JSONObject()
        for claim in claims where claim.user.server != server {
            failures[claim.user.server.rawValue] = ["status": 503, "message": "This server does not federate."]
        }
        var keys = JSONObject()
        let isComplete = try await withThrowingTaskGroup(of: (UserID, JSONObject?).self) { group in
            var isComplete = true
            func collect(_ user: UserID, _ answer: JSONObject?) {
                guard let answer else { return isComplete = false }
                guard !answer.isEmpty else { return }
                var own = keys[user.rawValue]?.objectValue ?? [:]
                for member in answer.members { own[member.key] = member.value }
                keys[user.rawValue] = .object(own)
            }
            var running = 0
            for claim in claims {
                guard claim.user.server == server, let shard = shards[claim.user] else { continue }
                if running == Self.concurrencyMax, let (user, answer) = try await group.next() {
                    collect(user, answer)
                    running -= 1
                }
                group.addTask { (claim.user, try await take(claim, in: shard)) }
                running += 1
            }
            for try await (user, answer) in group { collect(user, answer) }
            return isComplete
        }
        if !isComplete { failures[server.rawValue] = ["status": 503, "message": "Some keys could not be claimed."] }
        return ["failures": .object(failures), "one_time_keys": .object(keys)]
    }

    /// - Returns: `nil` when the user's writer did not answer.
    private func take(_ claim: WriterCommand.ClaimKeys, in shard: ShardID) async throws -> JSONObject? {
        do {
            return try await sender.ask(.claimKeys(claim), id: .random(), in: shard)
        } catch let error as MatrixError where error.status == 503 || error.status == 429 {
            return nil
        }
    }

    private static func claims(_ asked: JSONObject) throws -> [WriterCommand.ClaimKeys] {
        var commands: [WriterCommand.ClaimKeys] = []
        var count = 0
        for member in asked.members {
            guard let user = UserID(member.key) else {
                throw MatrixError.invalidParam("'one_time_keys' has a key that is not a user ID.")
            }
            guard let devices = member.value.objectValue else {
                throw MatrixError.badJSON("'one_time_keys' must be an object of objects.")
            }
            let claims = try devices.members.map { device -> (device: DeviceID, algorithm: String) in
                guard let id = DeviceID(device.key) else { throw MatrixError.invalidParam("A device ID is not valid.") }
                guard let algorithm = device.value.stringValue else {
                    throw MatrixError.badJSON("An algorithm must be a string.")
                }
                return (id, algorithm)
            }
            count += claims.count
            let most = WriterCommand.ClaimKeys.claimsMax
            for start in stride(from: 0, to: claims.count, by: most) {
                commands.append(.init(user: user, claims: Array(claims[start..<min(start + most, claims.count)])))
            }
        }
        guard count <= devicesMax else {
            throw MatrixError.invalidParam("One request claims keys of at most \(devicesMax) devices.")
        }
        return commands
    }
}
