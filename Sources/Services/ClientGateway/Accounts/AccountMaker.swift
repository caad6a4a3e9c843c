import CanonicalJSON
import Identifiers
import MatrixHTTP
import Storage

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
}

/// Makes accounts and logs their first device in.
struct AccountMaker: Sendable {
    let accounts: AccountStore
    let passwords: Passwords
    let starter: SessionStarter
    let clock: WallClock
    let shardCount: Int

    /// - Parameter token: the registration token to take a use of.
    /// - Returns: the answer to the registration.
    /// - Throws: `M_USER_IN_USE`; `M_UNAUTHORIZED` when the token was used up meanwhile.
    func make(_ user: UserID, password: String, isAdmin: Bool, token: String?, wish: AccountWish) async throws
        -> JSONObject
    {
        let registration = AccountRegistration(
            user: user, shard: ShardID.placement(of: user, count: shardCount),
            passwordHash: try await passwords.hash(password), isAdmin: isAdmin, createdAt: clock.now(),
            registrationToken: token)
        switch try await accounts.register(registration) {
        case .registered: break
        case .nameTaken: throw MatrixError.userInUse("This user name is taken.")
        case .tokenRefused:
            throw MatrixError(
                status: 401, errcode: "M_UNAUTHORIZED", message: "This registration token is not valid.")
        }
        guard !wish.inhibitLogin else {
            return ["user_id": .string(user.rawValue), "home_server": .string(user.server.rawValue)]
        }
        return try await starter.start(
            user, device: wish.device, displayName: wish.deviceDisplayName, refreshable: wish.refreshable)
    }
}
