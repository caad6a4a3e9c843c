import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage
import WorkerContracts

/// Adds the caller's signatures to keys: `POST /_matrix/client/v3/keys/signatures/upload` (spec v1.19, "Cross-signing").
struct UploadSignatures: Endpoint {
    static let route = Route.client(
        .post, "/_matrix/client/v3/keys/signatures/upload", cost: .write, bodyLimit: .createRoom)
    /// The most users of one request.
    static let usersMax = KeyStore.usersMax

    let keys: KeyStore
    let sender: CommandSender

    /// Signatures that are not valid are among the failures; the others are taken all the same.
    ///
    /// - Throws: `M_BAD_JSON`, `M_INVALID_PARAM`.
    func respond(to request: UserRequest) async throws -> JSONObject {
        var signed: [UserID: JSONObject] = [:]
        for member in try request.jsonBody().members {
            guard let user = UserID(member.key) else {
                throw MatrixError.invalidParam("The body has a key that is not a user ID.")
            }
            guard let objects = member.value.objectValue else { throw MatrixError.badJSON("Keys are in objects.") }
            signed[user] = objects
        }
        let count = signed.values.reduce(0) { $0 + $1.count }
        guard signed.count < Self.usersMax, count <= WriterCommand.AddSignatures.signaturesMax / 2 else {
            throw MatrixError.invalidParam("There are too many signatures in one request.")
        }
        let users = Array(Set(signed.keys).union([request.caller]))
        let known = try await keys.keys(of: users, seenBy: request.caller)
        var check = SignatureCheck(signer: request.caller, own: known[request.caller])
        for (user, objects) in signed {
            for member in objects.members { check.take(member.value, of: user, named: member.key, known[user]) }
        }
        guard check.accepted.count <= WriterCommand.AddSignatures.signaturesMax else {
            throw MatrixError.invalidParam("There are too many signatures in one request.")
        }
        if !check.accepted.isEmpty {
            let command = WriterCommand.AddSignatures(signer: request.caller, signatures: check.accepted)
            try await sender.execute(.addSignatures(command), id: .random(), for: request.caller)
        }
        return ["failures": .object(check.failures)]
    }
}
