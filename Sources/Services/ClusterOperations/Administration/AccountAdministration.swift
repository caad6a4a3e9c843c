import Identifiers
import PasswordHashing
import Postgres
import Storage
import WorkerContracts

/// Makes accounts and registration tokens for operators, straight in the database.
package struct AccountAdministration: Sendable {
    package enum Problem: Error, Equatable, CustomStringConvertible {
        case invalidName(String)
        case nameTaken(String)
        case invalidToken

        package var description: String {
            switch self {
            case .invalidName(let name): "'\(name)' cannot be a user's name: it has a-z 0-9 . _ = - / + only"
            case .nameTaken(let user): "\(user) exists already"
            case .invalidToken: "a registration token has 1 to 64 of A-Z a-z 0-9 . _ ~ -"
            }
        }
    }

    /// As the spec has it.
    static let tokenLengthMax = 64

    let database: any PostgresQuerying
    let server: ServerName

    package init(database: any PostgresQuerying, server: ServerName) {
        self.database = database
        self.server = server
    }

    /// Makes an account that can log in with `password`.
    package func createUser(_ name: String, password: String, isAdmin: Bool) async throws -> UserID {
        guard let user = UserID(localpart: name, server: server) else { throw Problem.invalidName(name) }
        let accounts = AccountStore(database: database)
        let registration = AccountRegistration(
            user: user, shard: ShardID.placement(of: user, count: try await accounts.shardCount()),
            passwordHash: try await PasswordHasher().hash(password), isAdmin: isAdmin,
            createdAt: WallClock.system.now(),
            registrationToken: nil)
        guard try await accounts.register(registration) == .registered else {
            throw Problem.nameTaken(user.rawValue)
        }
        return user
    }

    /// Makes a registration token.
    ///
    /// - Parameters:
    ///   - token: `nil` for a random one.
    ///   - uses: `nil` for no limit.
    ///   - life: `nil` for ever.
    package func createRegistrationToken(_ token: String?, uses: Int32?, life: Duration?) async throws -> String {
        let token = token ?? Self.randomText(24)
        guard Self.isToken(token) else { throw Problem.invalidToken }
        let expiresAt = life.map {
            Timestamp(milliseconds: WallClock.system.now().milliseconds + $0.components.seconds * 1_000)
        }
        let tokens = RegistrationTokenStore(database: database)
        guard try await tokens.insert(token, usesAllowed: uses, expiresAt: expiresAt) else {
            throw Problem.nameTaken(token)
        }
        return token
    }

    /// A password or token of letters and digits that are not mixed up when read aloud.
    package static func randomText(_ length: Int) -> String {
        let letters = Array("abcdefghjkmnpqrstuvwxyz23456789".utf8)
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<length).map { _ in letters[Int.random(in: 0..<letters.count, using: &generator)] }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isToken(_ text: String) -> Bool {
        let isFine = text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: ".-_~".utf8.contains(byte)
            }
        }
        return isFine && (1...tokenLengthMax).contains(text.utf8.count)
    }
}
