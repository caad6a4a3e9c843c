import CanonicalJSON
import Identifiers
import MatrixHTTP
import Storage

/// Accounts of people who have none (spec v1.19, "Guest Access"), and making full ones of them.
struct GuestAccounts: Sendable {
    let policy: RegistrationPolicy
    let server: ServerName
    let callers: Callers
    let accounts: AccountStore
    let maker: AccountMaker

    /// Makes a guest's account, whose name and device the server chooses, and logs it in.
    ///
    /// - Throws: `M_GUEST_ACCESS_FORBIDDEN` when the server takes no guests.
    func make(_ body: BodyFields) async throws -> JSONObject {
        guard policy.allowsGuests else {
            throw MatrixError(
                status: 403, errcode: "M_GUEST_ACCESS_FORBIDDEN", message: "This server has no guest accounts.")
        }
        var wish = try AccountWish(body)
        wish.device = nil
        wish.inhibitLogin = false
        let user = try Username.random(on: server)
        return try await maker.make(user, password: nil, isAdmin: false, isGuest: true, token: nil, wish: wish)
    }

    /// The guest whose account is to become a full one; `nil` when `body` does not ask for that.
    ///
    /// - Throws: `M_UNKNOWN_TOKEN`, `M_FORBIDDEN` for a token that is no guest's, `M_INVALID_USERNAME` when `named` is not
    ///   the guest.
    func upgrading(_ body: BodyFields, to named: UserID?) async throws -> UserID? {
        guard let text = try body.string("guest_access_token") else { return nil }
        guard let token = AccessToken(text), case .known(let caller) = try await callers.currentCaller(with: token)
        else { throw MatrixError.unknownToken(softLogout: false) }
        guard caller.isGuest else { throw MatrixError.forbidden("This token is no guest's.") }
        guard caller.user == named else {
            throw MatrixError(
                status: 400, errcode: "M_INVALID_USERNAME", message: "A guest keeps their user name.")
        }
        return caller.user
    }

    /// Makes a guest's account a full one and logs it in.
    ///
    /// - Throws: `M_USER_IN_USE` when it has become one meanwhile.
    func upgrade(_ guest: UserID, password: String, wish: AccountWish) async throws -> JSONObject {
        guard try await accounts.upgradeGuest(guest, passwordHash: try await maker.passwords.hash(password)) else {
            throw MatrixError.userInUse("This account is no guest's any more.")
        }
        return try await maker.logIn(guest, wish)
    }
}
