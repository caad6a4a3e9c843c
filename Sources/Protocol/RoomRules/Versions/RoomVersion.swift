/// A room version that this server implements (spec v1.19, "Room Versions").
public struct RoomVersion: Hashable, Sendable, CustomStringConvertible {
    /// The version's name, as in `m.room.create`'s `room_version`.
    public let name: String
    /// What the version asks for.
    public let rules: RoomVersionRules

    /// `nil` for a version that this server does not implement.
    public init?(_ name: String) {
        guard let known = Self.supported.first(where: { $0.name.hasSameBytes(as: name) }) else { return nil }
        self = known
    }

    private init(_ name: String, _ rules: RoomVersionRules) {
        self.name = name
        self.rules = rules
    }

    /// All versions, oldest first.
    public static let supported: [RoomVersion] = [
        RoomVersion("1", .v1), RoomVersion("2", .v2), RoomVersion("3", .v3), RoomVersion("4", .v4),
        RoomVersion("5", .v5), RoomVersion("6", .v6), RoomVersion("7", .v7), RoomVersion("8", .v8),
        RoomVersion("9", .v9), RoomVersion("10", .v10), RoomVersion("11", .v11), RoomVersion("12", .v12),
    ]

    /// The version of new rooms: 12.
    public static let `default` = RoomVersion("12", .v12)

    /// The version of a room whose create event does not name one: 1.
    public static let unnamed = RoomVersion("1", .v1)

    public var description: String { name }

    public static func == (left: RoomVersion, right: RoomVersion) -> Bool { left.name.hasSameBytes(as: right.name) }
    public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}
