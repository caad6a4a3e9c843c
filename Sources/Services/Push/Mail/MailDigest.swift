import HTTPServer
import Identifiers
import WorkerContracts

// A mail is read in a glance on a small screen, and by somebody who may not have written any of it: names and texts come from
// other people, so that line ends, control characters and marks that turn the direction of writing are taken out, and all has
// an end.

/// What somebody has not read, as the text of a mail.
package struct MailDigest: Sendable {
    /// The longest name of a room or person, in characters.
    package static let nameLengthMax = 60
    /// What is shown of a message, in characters.
    package static let bodyLengthMax = 300

    package enum Kind: Sendable, Equatable {
        /// What was said; `nil` when mails do not show it.
        case message(String?)
        case encrypted
        case invite
        /// Something else that notifies.
        case other
    }

    package struct Item: Sendable {
        let sender: String
        let sentAt: Timestamp
        let kind: Kind

        package init(sender: String, sentAt: Timestamp, kind: Kind) {
            self.sender = sender
            self.sentAt = sentAt
            self.kind = kind
        }
    }

    package struct Room: Sendable {
        let id: RoomID
        /// `nil`: it is known by who wrote.
        let name: String?
        /// How much is unread, of which the items are the newest.
        let unread: Int64
        let items: [Item]

        package init(id: RoomID, name: String?, unread: Int64, items: [Item]) {
            self.id = id
            self.name = name
            self.unread = unread
            self.items = items
        }
    }

    let reader: UserID
    let server: ServerName
    /// In the order in which something came first.
    let rooms: [Room]
    let roomLinkPrefix: String
    /// Where these mails are ended.
    let unsubscribeURL: String

    package init(
        reader: UserID, server: ServerName, rooms: [Room], roomLinkPrefix: String, unsubscribeURL: String
    ) {
        self.reader = reader
        self.server = server
        self.rooms = rooms
        self.roomLinkPrefix = roomLinkPrefix
        self.unsubscribeURL = unsubscribeURL
    }

    package var subject: String {
        guard let first = rooms.first else { return "Nothing new on \(server)" }
        let others = rooms.count - 1
        switch (others, first.items.last) {
        case (0, .some(let item)) where item.kind == .invite:
            return "\(Self.clean(item.sender)) invites you to \(first.name.map(Self.clean) ?? "a room")"
        case (0, _) where first.name == nil: return "New messages from \(Self.title(first))"
        case (0, _): return "New messages in \(Self.title(first))"
        default: return "New messages in \(Self.title(first)) and \(others) other\(others == 1 ? "" : "s")"
        }
    }

    package var text: String {
        """
        Hello \(reader.localpart),

        this is new on \(server), and unread:

        \(rooms.map(section).joined(separator: "\n\n"))

        --\u{20}
        You get this mail because \(reader) asked for it. Not any more:
        \(unsubscribeURL)

        """
    }

    private func section(_ room: Room) -> String {
        let link = roomLinkPrefix + PercentEncoding.encode(room.id.rawValue, keeping: "!:")
        var lines = ["* \(Self.title(room))", "  \(link)", ""]
        let left = room.unread - Int64(room.items.count)
        if left > 0 { lines.append("  (\(left) more before)") }
        lines += room.items.map(Self.line)
        return lines.joined(separator: "\n")
    }

    private static func line(_ item: Item) -> String {
        let who = "  \(clean(item.sender)), \(MailDate.readable(item.sentAt))"
        switch item.kind {
        case .message(.some(let body)): return "\(who):\n    \(clean(body, lengthMax: bodyLengthMax))"
        case .message(nil): return "\(who) sent a message."
        case .encrypted: return "\(who) sent an encrypted message."
        case .invite: return "\(who) invites you."
        case .other: return "\(who) did something."
        }
    }

    private static func title(_ room: Room) -> String {
        if let name = room.name { return clean(name) }
        var senders: [String] = []
        for sender in room.items.map({ clean($0.sender) })
        where !senders.contains(where: { $0.utf8.elementsEqual(sender.utf8) }) { senders.append(sender) }
        let shown = senders.prefix(3).joined(separator: ", ")
        return senders.count > 3 ? "\(shown) and others" : shown
    }

    /// Text of other people's in one line.
    private static func clean(_ text: String) -> String { clean(text, lengthMax: nameLengthMax) }

    private static func clean(_ text: String, lengthMax: Int) -> String {
        var cleaned = ""
        for (number, character) in text.enumerated() {
            guard number < lengthMax else { return cleaned + "…" }
            let isPlain = character.unicodeScalars.allSatisfy { scalar in
                switch scalar.properties.generalCategory {
                case .control, .lineSeparator, .paragraphSeparator: false
                // Joiners are part of letters and pictures in many scripts.
                case .format: scalar == "\u{200D}" || scalar == "\u{200C}"
                default: true
                }
            }
            cleaned.append(isPlain ? character : " ")
        }
        return cleaned
    }
}
