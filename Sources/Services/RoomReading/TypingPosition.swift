import Crypto
import Identifiers

/// What a client knows of who types, which no database remembers.
///
/// Counters of one worker's run can be compared; a client that comes from another worker, or from before a restart, is
/// told again about the rooms in which someone types, and about ``rooms``, in which it believes so.
public struct TypingPosition: Sendable, Hashable {
    /// The most rooms named; a client that believes in more is told about all rooms.
    public static let roomsMax = 8

    /// Names the run of the worker that counted.
    public var boot: UInt32
    public var counter: UInt64
    /// Rooms in which the client believes that someone types, by their hashes; `nil`: too many to name.
    public var rooms: Set<UInt32>?

    public init(boot: UInt32, counter: UInt64, rooms: Set<UInt32>?) {
        self.boot = boot
        self.counter = counter
        self.rooms = rooms.flatMap { $0.count > Self.roomsMax ? nil : $0 }
    }

    /// Nobody types anywhere.
    public static let none = TypingPosition(boot: 0, counter: 0, rooms: [])

    public static func hash(_ room: RoomID) -> UInt32 {
        SHA256.hash(data: Array(room.rawValue.utf8)).prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    func append(to bytes: inout TokenBytes) {
        bytes.append(fixed: boot)
        bytes.append(counter)
        guard let rooms else { return bytes.append(UInt64(Self.roomsMax + 1)) }
        bytes.append(UInt64(rooms.count))
        for room in rooms.sorted() { bytes.append(fixed: room) }
    }

    init?(_ input: inout TokenBytes) {
        guard let boot = input.takeFixed(), let counter = input.takePosition(), let count = input.takePosition() else {
            return nil
        }
        self.boot = boot
        self.counter = UInt64(counter)
        switch count {
        case 0...Int64(Self.roomsMax):
            var rooms: Set<UInt32> = []
            for _ in 0..<count {
                guard let room = input.takeFixed() else { return nil }
                rooms.insert(room)
            }
            self.rooms = rooms
        case Int64(Self.roomsMax) + 1: rooms = nil
        default: return nil
        }
    }
}
