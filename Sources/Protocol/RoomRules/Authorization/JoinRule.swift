import Events

/// Who may come in, as one room version understands it; without a rule, invited users only.
enum JoinRule {
    case `public`, invite, knock, restricted, knockRestricted
    /// A rule the room version does not know; nobody comes in by it.
    case unknown

    init(_ event: Event?, rules: RoomVersionRules) {
        guard let event else {
            self = .invite
            return
        }
        let name = event.content["join_rule"]?.stringValue ?? ""
        switch true {
        case name.hasSameBytes(as: "public"): self = .public
        case name.hasSameBytes(as: "invite"): self = .invite
        case name.hasSameBytes(as: "knock") && rules.allowsKnocking: self = .knock
        case name.hasSameBytes(as: "restricted") && rules.allowsRestrictedJoins: self = .restricted
        case name.hasSameBytes(as: "knock_restricted") && rules.allowsKnockRestricted: self = .knockRestricted
        default: self = .unknown
        }
    }
}
