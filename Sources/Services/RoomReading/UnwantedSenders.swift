import CanonicalJSON
import Events
import Identifiers

/// Whom a user does not want to hear from (spec v1.19, "Ignoring Users", "Invite permission"); pure.
public struct UnwantedSenders: Sendable {
    /// The account data that says so.
    public static let types = [IgnoredUsers.accountDataType] + InvitePermission.types

    /// Whose messages are kept from the user.
    public let ignored: Set<UserID>
    private let invites: InvitePermission

    /// Nobody is unwanted.
    public static let none = UnwantedSenders { _ in nil }

    /// - Parameter accountData: the user's, of ``types``; what is not of its type is taken for absent.
    public init(_ accountData: (String) -> JSONObject?) {
        ignored = IgnoredUsers.listed(in: accountData(IgnoredUsers.accountDataType))
        invites = InvitePermission(accountData)
    }

    /// Whether all events are shown.
    public var isEmpty: Bool { ignored.isEmpty }

    /// Whose events `user` is not counted or bundled: never their own, at most ``IgnoredUsers/usersMax``.
    public func counted(for user: UserID) -> [UserID] { IgnoredUsers.counted(ignored, for: user) }

    /// Whether the event is kept from the user: state is not, so that rooms look the same to all.
    public func hides(_ event: Event) -> Bool { !event.isState && ignored.contains(event.sender) }

    /// Whether an invite by `inviter` is kept from the user.
    public func hidesInvite(by inviter: UserID) -> Bool {
        ignored.contains(inviter) || invites.verdict(on: inviter) != .allow
    }
}
