import CanonicalJSON
import Identifiers
import MatrixHTTP
import Storage
import WorkerContracts

/// Checks what a client submits for one stage.
struct AuthStageChecks: Sendable {
    enum Outcome: Sendable {
        /// What was proven, kept until the operation takes place.
        case passed(JSONValue)
        case failed(errcode: String, message: String)
    }

    let passwords: PasswordCheck
    let tokens: RegistrationTokenStore
    let emails: EmailValidator
    let rates: RateLimits
    let clock: WallClock

    /// - Throws: `M_BAD_JSON` and `M_MISSING_PARAM` for what the stage's `auth` lacks.
    func check(_ stage: AuthStage, _ auth: BodyFields, for operation: AuthOperation) async throws -> Outcome {
        switch stage {
        case .dummy, .terms: .passed(true)
        case .password: try await checkPassword(auth, for: operation)
        case .sso, .oauth: .failed(errcode: "M_UNAUTHORIZED", message: "It has to be confirmed on its page.")
        case .registrationToken: try await checkRegistrationToken(auth, for: operation)
        case .email: try await checkEmail(auth, for: operation)
        }
    }

    private func checkPassword(_ auth: BodyFields, for operation: AuthOperation) async throws -> Outcome {
        let identity = try LoginIdentity(auth)
        let password = try auth.requiredString("password")
        guard let account = try await passwords.account(of: identity, password: password), !account.isDeactivated,
            operation.user == nil || account.user == operation.user
        else { return .failed(errcode: "M_FORBIDDEN", message: "Invalid user name or password.") }
        guard !account.isLocked else { throw MatrixError.userLocked }
        return .passed(["user": .string(account.user.rawValue)])
    }

    private func checkEmail(_ auth: BodyFields, for operation: AuthOperation) async throws -> Outcome {
        // Some clients say "threepidCreds".
        guard let credentials = try auth.object("threepid_creds") ?? auth.object("threepidCreds") else {
            throw MatrixError.missingParam("'threepid_creds' is missing.")
        }
        guard let (session, email) = try await emails.validated(BodyFields(credentials), for: operation.emailPurpose)
        else { return .failed(errcode: "M_UNAUTHORIZED", message: "The address has not been validated.") }
        return .passed([
            "session": .string(session), "address": .string(email.address),
            "validated_at": .int(email.validatedAt.milliseconds),
        ])
    }

    private func checkRegistrationToken(_ auth: BodyFields, for operation: AuthOperation) async throws -> Outcome {
        let token = try auth.requiredString("token")
        guard let proof = try await registrationToken(token, from: operation.origin) else {
            return .failed(errcode: "M_UNAUTHORIZED", message: "This registration token is not valid.")
        }
        return .passed(proof)
    }

    /// What a registration token proves; `nil` for one that is not valid.
    ///
    /// - Throws: `M_LIMIT_EXCEEDED` after too many guesses from `address`.
    func registrationToken(_ token: String, from address: String?) async throws -> JSONValue? {
        try await rates.guess(.registrationTokenValidity, about: address ?? RateLimits.unknownAddress) {
            guard !token.utf8.contains(0), try await tokens.isValid(token, at: clock.now()) else { return nil }
            return ["token": .string(token)]
        }
    }
}
