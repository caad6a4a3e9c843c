/// The limits an operator sets, named as other homeservers name them.
public enum RateLimitName: String, Sendable, CaseIterable {
    /// Events a user sends.
    case message = "rc_message"
    /// Accounts made from an address.
    case registration = "rc_registration"
    /// Registration tokens asked about from an address.
    case registrationTokenValidity = "rc_registration_token_validity"
    /// Logins from an address.
    case loginAddress = "rc_login.address"
    /// Logins to an account.
    case loginAccount = "rc_login.account"
    /// Wrong passwords for an account.
    case loginFailedAttempts = "rc_login.failed_attempts"
    /// Rooms a user joins that this server is in.
    case joinsLocal = "rc_joins.local"
    /// Users who join a room.
    case joinsPerRoom = "rc_joins_per_room"
    /// Invites to a room.
    case invitesPerRoom = "rc_invites.per_room"
    /// Invites to a user.
    case invitesPerUser = "rc_invites.per_user"
    /// Invites by a user.
    case invitesPerIssuer = "rc_invites.per_issuer"
    /// Rooms a user makes.
    case roomCreation = "rc_room_creation"
    /// Mails asked for from an address, and to one.
    case thirdPartyValidation = "rc_3pid_validation"
    /// People a user invites by their addresses.
    case thirdPartyInvite = "rc_third_party_invite"
    /// Meeting places that devices make from an address.
    case rendezvous = "rc_rendezvous"
    /// Media a user uploads, or makes an address for.
    case mediaCreation = "rc_media_create"
    /// Previews a user asks for.
    case previews = "rc_url_preview"
    /// OAuth clients registered, and devices that ask to be allowed, from an address.
    case oauthRegistration = "rc_oauth_registration"

    /// What holds unless the operator says otherwise.
    public var standard: RateLimit {
        switch self {
        case .message: RateLimit(perSecond: 0.2, burst: 10)
        case .registration: RateLimit(perSecond: 0.17, burst: 3)
        case .registrationTokenValidity: RateLimit(perSecond: 0.1, burst: 5)
        case .loginAddress: RateLimit(perSecond: 0.003, burst: 5)
        case .loginAccount: RateLimit(perSecond: 0.003, burst: 5)
        case .loginFailedAttempts: RateLimit(perSecond: 0.17, burst: 3)
        case .joinsLocal: RateLimit(perSecond: 0.1, burst: 10)
        case .joinsPerRoom: RateLimit(perSecond: 1, burst: 10)
        case .invitesPerRoom: RateLimit(perSecond: 0.3, burst: 10)
        case .invitesPerUser: RateLimit(perSecond: 0.003, burst: 5)
        case .invitesPerIssuer: RateLimit(perSecond: 0.3, burst: 10)
        case .roomCreation: RateLimit(perSecond: 0.016, burst: 10)
        case .mediaCreation: RateLimit(perSecond: 10, burst: 50)
        case .previews: RateLimit(perSecond: 2, burst: 30)
        case .oauthRegistration: RateLimit(perSecond: 0.2, burst: 20)
        case .thirdPartyInvite: RateLimit(perSecond: 0.2, burst: 10)
        case .rendezvous: RateLimit(perSecond: 0.1, burst: 20)
        case .thirdPartyValidation: RateLimit(perSecond: 0.003, burst: 5)
        }
    }

    /// Whether all workers share the count; else a user's requests meet one worker, by the router's hash, and it counts.
    public var isShared: Bool {
        switch self {
        case .message, .invitesPerIssuer, .roomCreation, .thirdPartyInvite: false
        default: true
        }
    }
}

/// So many at once, and so many a second after that.
public struct RateLimit: Sendable, Equatable {
    /// The slowest and fastest a limit can be.
    public static let perSecondRange = 0.000_1...1_000.0
    public static let burstRange = 1...1_000_000

    public var perSecond: Double
    public var burst: Int

    public init(perSecond: Double, burst: Int) {
        self.perSecond = perSecond
        self.burst = burst
    }

    /// In which one more is allowed, in milliseconds.
    public var intervalMs: Int64 { max(1, Int64(1_000 / perSecond)) }
}
