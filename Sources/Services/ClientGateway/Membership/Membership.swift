/// A user's membership of a room (spec v1.19, `m.room.member`).
enum Membership: String, Sendable {
    case join, invite, leave, ban, knock
}
