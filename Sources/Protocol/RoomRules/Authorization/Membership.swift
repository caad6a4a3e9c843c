import Events

/// A user's relation to a room as the rules see it; no member event, and an unknown membership, is `leave`.
enum Membership {
    case join, invite, leave, ban, knock

    init(_ event: Event?) {
        self = event?.content["membership"]?.stringValue.flatMap { Membership(name: $0) } ?? .leave
    }

    init?(name: String) {
        switch true {
        case name.hasSameBytes(as: "join"): self = .join
        case name.hasSameBytes(as: "leave"): self = .leave
        case name.hasSameBytes(as: "invite"): self = .invite
        case name.hasSameBytes(as: "ban"): self = .ban
        case name.hasSameBytes(as: "knock"): self = .knock
        default: return nil
        }
    }
}
