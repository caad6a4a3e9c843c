import CanonicalJSON
import Identifiers
import MatrixHTTP
import Storage
import WorkerContracts

/// What somebody asks for when making an account.
struct AccountWish {
    var username: String?
    var password: String?
    var device: DeviceID?
    var deviceDisplayName: String?
    /// Do not log in.
    var inhibitLogin: Bool
    var refreshable: Bool

    init(_ body: BodyFields) throws {
        username = try body.string("username")
        password = try body.string("password")
        device = try body.identifier("device_id", as: DeviceID.self)
        deviceDisplayName = try body.string("initial_device_display_name")
        inhibitLogin = try body.bool("inhibit_login") ?? false
        refreshable = try body.bool("refresh_token") ?? false
        if let password { try PasswordRules.check(password) }
        try DeviceRules.check(displayName: deviceDisplayName)
    }

    /// Of an account whose user logs in afterwards.
    static func withoutLogin() throws -> AccountWish {
        var wish = try AccountWish(BodyFields([:]))
        wish.inhibitLogin = true
        return wish
    }
}

/// Makes accounts and logs their first device in.
struct AccountMaker: Sendable {
    let accounts: AccountStore
    let passwords: Passwords
    let starter: SessionStarter
    let clock: WallClock
    let shardCount: Int

    /// - Parameters:
    ///   - password: `nil` for an account that nobody can log in to by password.
    ///   - token: the registration token to take a use of.
    /// - Returns: the answer to the registration.
    /// - Throws: `M_USER_IN_USE`; `M_UNAUTHORIZED` when the token was used up meanwhile.
    func make(
        _ user: UserID, password: String?, isAdmin: Bool, isGuest: Bool = false, token: String?,
        upstream: UpstreamLink? = nil, wish: AccountWish
    ) async throws -> JSONObject {
        var hash: String?
        if let password { hash = try await passwords.hash(password) }
        let registration = AccountRegistration(
            user: user, shard: ShardID.placement(of: user, count: shardCount), passwordHash: hash, isAdmin: isAdmin,
            isGuest: isGuest, createdAt: clock.now(), registrationToken: token, upstream: upstream)
        switch try await accounts.register(registration) {
        case .registered: break
        case .nameTaken: throw MatrixError.userInUse("This user name is taken.")
        case .tokenRefused:
            throw MatrixError(
                status: 401, errcode: "M_UNAUTHORIZED", message: "This registration token is not valid.")
        }
        return try await logIn(user, wish)
    }

    /// Logs the device of `wish` in, unless it is not to be.
    func logIn(_ user: UserID, _ wish: AccountWish) async throws -> JSONObject {
        guard !wish.inhibitLogin else {
            return ["user_id": .string(user.rawValue), "home_server": .string(user.server.rawValue)]
        }
        return try await starter.start(
            user, device: wish.device, displayName: wish.deviceDisplayName, refreshable: wish.refreshable)
    }
}
