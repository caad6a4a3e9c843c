import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage
import WorkerContracts

/// Sets the caller's cross-signing keys: `POST /_matrix/client/v3/keys/device_signing/upload` (spec v1.19,
/// "Cross-signing").
struct UploadCrossSigningKeys: Endpoint {
    static let route = Route.client(
        .post, "/_matrix/client/v3/keys/device_signing/upload", cost: .account, bodyLimit: .ordinary)
    /// How often it is begun anew when somebody else changes the keys meanwhile.
    static let attemptsMax = 3

    let keys: KeyStore
    let devices: DeviceStore
    let auth: InteractiveAuth
    let sender: CommandSender

    /// The first keys, and those that are there already, need no further authentication.
    ///
    /// - Throws: the 401 of user-interactive authentication; `M_INVALID_SIGNATURE`, `M_MISSING_PARAM` without a master
    ///   key, `M_FORBIDDEN` for a key that is called like a device, `M_BAD_JSON`, `M_INVALID_PARAM`.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let body = BodyFields(try request.jsonBody())
        let upload = try CrossSigningUpload(body, of: request.caller)
        var isAllowed = false
        for attempt in 1...Self.attemptsMax {
            let known = try await keys.keys(of: [request.caller], seenBy: request.caller)[request.caller]
            let existing = known?.crossSigning ?? [:]
            try upload.check(against: existing)
            guard !upload.isThere(among: existing) else { return EmptyObject() }
            guard try await !devices.hasDevice(called: upload.publicKeys, of: request.caller) else {
                throw MatrixError.forbidden("A key is called like one of your devices.")
            }
            if existing[.master] != nil, !isAllowed {
                try await authorise(request, body)
                isAllowed = true
            }
            do {
                let command = WriterCommand.SetCrossSigningKeys(
                    user: request.caller, keys: upload.stored, replacing: existing[.master]?.publicKey)
                try await sender.execute(.setCrossSigningKeys(command), id: .random(), for: request.caller)
                return EmptyObject()
            } catch let error as MatrixError where error.status == 409 && attempt < Self.attemptsMax {
                continue
            }
        }
        throw MatrixError.unavailable("The keys are being changed.", retryAfter: .seconds(1))
    }

    private func authorise(_ request: UserRequest, _ body: BodyFields) async throws {
        if try await devices.isOfOAuthClient(request.device, of: request.caller) {
            _ = try await auth.demand(.crossSigningReset(of: request.caller), in: body)
        } else {
            try await auth.demandOwner(request.caller, to: "change the cross-signing keys", in: body)
        }
    }
}
