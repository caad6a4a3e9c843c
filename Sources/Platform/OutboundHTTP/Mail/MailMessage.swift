/// A mail of plain text to one person.
public struct MailMessage: Sendable {
    /// `name@domain`; the caller has checked both for what must not be in an address.
    public var sender: String
    /// Shown beside the sender's address.
    public var senderName: String
    public var recipient: String
    public var subject: String
    public var text: String
    /// Unique to the message, `local@domain`.
    public var messageID: String
    /// As RFC 5322 has it.
    public var date: String
    /// Where whoever gets it ends mails of its kind, by a `POST` and without being asked (RFC 8058).
    public var unsubscribeURL: String?

    public init(
        sender: String, senderName: String, recipient: String, subject: String, text: String, messageID: String,
        date: String
    ) {
        self.sender = sender
        self.senderName = senderName
        self.recipient = recipient
        self.subject = subject
        self.text = text
        self.messageID = messageID
        self.date = date
    }

    /// Whether nothing in it can break out of its line.
    var isWellFormed: Bool {
        let lines = [sender, senderName, recipient, subject, messageID, date]
        let addresses = [sender, recipient, messageID] + (unsubscribeURL.map { [$0] } ?? [])
        return lines.allSatisfy { !$0.utf8.contains { $0 < 0x20 || $0 == 0x7F } }
            && addresses.allSatisfy {
                $0.utf8.allSatisfy { (0x21..<0x7F).contains($0) && !"<>".utf8.contains($0) } && !$0.isEmpty
            }
    }

    /// The message as it is sent, lines ended by CRLF.
    var bytes: [UInt8] {
        var lines = [
            "From: \(Self.encodedWord(senderName)) <\(sender)>", "To: <\(recipient)>",
            "Subject: \(Self.encodedWord(subject))", "Date: \(date)", "Message-ID: <\(messageID)>",
            "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64",
            "Auto-Submitted: auto-generated",
        ]
        if let unsubscribeURL {
            lines += ["List-Unsubscribe: <\(unsubscribeURL)>", "List-Unsubscribe-Post: List-Unsubscribe=One-Click"]
        }
        lines.append("")
        lines += Self.base64Lines(Array(text.utf8))
        return Array((lines.joined(separator: "\r\n") + "\r\n").utf8)
    }

    /// Header text as RFC 2047 has it, in words of at most 75 bytes; plain text stays readable.
    static func encodedWord(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { $0 == 0x20 || $0.isPlainInHeaders }
        guard !isPlain else { return text }
        var words: [String] = []
        var rest = Array(text.unicodeScalars)
        while !rest.isEmpty {
            var bytes: [UInt8] = []
            while let scalar = rest.first, bytes.count + UTF8.width(scalar) <= wordBytesMax {
                bytes += Array(String(scalar).utf8)
                rest.removeFirst()
            }
            words.append("=?utf-8?B?\(Base64.encode(bytes))?=")
        }
        return words.joined(separator: "\r\n ")
    }

    /// Bytes of text in one encoded word.
    private static let wordBytesMax = 39
    /// Bytes of text in one line of 76 characters.
    private static let lineBytes = 57

    private static func base64Lines(_ bytes: [UInt8]) -> [String] {
        stride(from: 0, to: bytes.count, by: lineBytes).map { start in
            Base64.encode(Array(bytes[start..<min(start + lineBytes, bytes.count)]))
        }
    }
}

extension UInt8 {
    fileprivate var isPlainInHeaders: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "-_'!?".utf8.contains(self)
        }
    }
}

/// Base64 with padding.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var value: UInt32 = 0
            for byte in group { value = value << 8 | UInt32(byte) }
            value <<= UInt32(8 * (3 - group.count))
            for index in 0..<4 {
                let isPadding = index > group.count
                text.append(isPadding ? UInt8(ascii: "=") : alphabet[Int(value >> UInt32(18 - 6 * index) & 63)])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
