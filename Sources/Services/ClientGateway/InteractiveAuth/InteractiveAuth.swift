import CanonicalJSON
import Identifiers
import MatrixHTTP
import Storage
import WorkerContracts

/// User-interactive authentication (spec v1.19, "User-Interactive Authentication API"): asks for, and checks, the further
/// authentication of an operation, whichever worker its requests come to.
struct InteractiveAuth: Sendable {
    /// How long a session lasts.
    static let sessionLife = Duration.seconds(15 * 60)

    let sessions: AuthSessionID
    let stages: AuthStageStore
    let checks: AuthStageChecks
    let accounts: AccountStore
    let terms: TermsPolicy?
    /// Where the account page is, without a slash at the end.
    let baseURL: String
    let clock: WallClock

    /// Takes the stage in the `auth` member of `body`; returns when with it a flow is complete, which ends the session.
    ///
    /// A client that knows the flow may leave out the session, and one that completed a stage elsewhere the type.
    ///
    /// - Throws: the 401 that names the flows, with what is completed, and why the stage failed if it did;
    ///   `M_BAD_JSON`, `M_MISSING_PARAM`.
    func demand(_ operation: AuthOperation, in body: BodyFields) async throws -> AuthEvidence {
        guard let auth = try body.object("auth").map(BodyFields.init) else { throw challenge(operation) }
        let given = try auth.string("session")
        if let given, !sessions.isValid(given, for: operation.name, at: clock.now()) { throw challenge(operation) }
        let session = given ?? sessions.make(for: operation.name, at: clock.now())
        var evidence = AuthEvidence()
        if given != nil { evidence = AuthEvidence(try await stages.completed(in: session, at: clock.now())) }

        guard let type = try auth.string("type") else {
            return try await finish(operation, session, evidence, isStored: true)
        }
        guard let stage = AuthStage(rawValue: type), operation.stages.contains(stage) else {
            throw challenge(operation, session: session, evidence)
        }
        switch try await checks.check(stage, auth, for: operation) {
        case .failed(let errcode, let message):
            throw challenge(operation, session: session, evidence, failure: (errcode, message))
        case .passed(let proof):
            evidence[stage] = proof
            if operation.isLong { try await keep(proof, of: stage, in: session) }
            return try await finish(operation, session, evidence, isStored: operation.isLong)
        }
    }

    /// As ``demand(_:in:)`` for what `user` does to their own account: by their password or, when they have none, on a page.
    ///
    /// - Parameter operation: names it with the things it acts on.
    func demandOwner(_ user: UserID, to operation: String, in body: BodyFields) async throws {
        let hasPassword = try await accounts.fetch(user)?.passwordHash != nil
        let stage = hasPassword ? AuthStage.password : .sso
        _ = try await demand(AuthOperation("\(operation) of \(user)", flows: [[stage]], user: user), in: body)
    }

    /// Keeps what a stage proved in `session`; also for stages that are completed on a page of their own.
    func keep(_ proof: JSONValue, of stage: AuthStage, in session: String) async throws {
        let now = clock.now()
        try await stages.complete(
            stage.rawValue, in: session, evidence: proof, at: now, expiresAt: now.advanced(by: Self.sessionLife))
    }

    /// Of two requests that complete the same stored session, one goes through.
    private func finish(
        _ operation: AuthOperation, _ session: String, _ evidence: AuthEvidence, isStored: Bool
    ) async throws -> AuthEvidence {
        guard operation.isSatisfied(by: evidence) else { throw challenge(operation, session: session, evidence) }
        guard isStored else { return evidence }
        let taken = AuthEvidence(try await stages.take(session, at: clock.now()))
        guard operation.isSatisfied(by: taken) else { throw challenge(operation) }
        return taken
    }

    /// - Parameter session: `nil` for a new one.
    private func challenge(
        _ operation: AuthOperation, session: String? = nil, _ evidence: AuthEvidence = AuthEvidence(),
        failure: (errcode: String, message: String)? = nil
    ) -> MatrixError {
        var parameters = JSONObject()
        if operation.stages.contains(.terms), let terms { parameters[AuthStage.terms.rawValue] = terms.parameters }
        let session = session ?? sessions.make(for: operation.name, at: clock.now())
        if operation.stages.contains(.oauth) {
            let query = "action=\(AccountAction.crossSigningReset.rawValue)&session=\(session)"
            parameters[AuthStage.oauth.rawValue] = ["url": .string("\(baseURL)\(AccountAction.path)?\(query)")]
        }
        let completed = AuthStage.allCases.filter { evidence[$0] != nil }
        let fields: JSONObject = [
            "flows": .array(
                operation.flows.map { ["stages": .array($0.map { .string($0.rawValue) })] }),
            "params": .object(parameters), "completed": .array(completed.map { .string($0.rawValue) }),
            "session": .string(session),
        ]
        return MatrixError(status: 401, errcode: failure?.errcode, message: failure?.message, fields: fields)
    }
}
