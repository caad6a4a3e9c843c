/// A preset of `createRoom` (spec v1.19, client-server API, "Creation").
enum RoomPreset: String {
    case privateChat = "private_chat"
    case trustedPrivateChat = "trusted_private_chat"
    case publicChat = "public_chat"

    var joinRule: String {
        switch self {
        case .privateChat, .trustedPrivateChat: "invite"
        case .publicChat: "public"
        }
    }

    var historyVisibility: String { "shared" }

    var guestAccess: String {
        switch self {
        case .privateChat, .trustedPrivateChat: "can_join"
        case .publicChat: "forbidden"
        }
    }

    /// The power level an invite needs: in a private chat everybody may bring somebody.
    var inviteLevel: Int64 {
        switch self {
        case .privateChat, .trustedPrivateChat: 0
        case .publicChat: 50
        }
    }
}
