import NIOCore
import NIOPosix
import Synchronization

/// An SMTP server that keeps what it is sent: `MailTrap.with`.
package final class MailTrap: Sendable {
    /// A mail as it came.
    package struct Mail: Sendable {
        package let sender: String
        package let recipients: [String]
        /// Head and body, lines ended by CRLF, without the dots of the transfer.
        package let text: String

        /// The body, decoded from base64.
        package var body: String {
            let parts = text.components(separatedBy: "\r\n\r\n")
            let encoded = parts.dropFirst().joined().filter { $0 != "\r\n" && $0 != "\n" && $0 != "\r" }
            return String(decoding: MailTrap.decodeBase64(encoded), as: UTF8.self)
        }
    }

    package let port: Int
    private let kept = Mutex<[Mail]>([])
    private let refusal = Mutex<String?>(nil)

    private init(port: Int) { self.port = port }

    package var mails: [Mail] { kept.withLock { $0 } }

    /// Answers the next recipients with `reply`; `nil` takes them.
    package func refuse(with reply: String?) { refusal.withLock { $0 = reply } }

    package static func with(_ body: (MailTrap) async throws -> Void) async throws {
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let trap = MailTrap(port: server.channel.localAddress?.port ?? 0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await server.executeThenClose { connections in
                    try await withThrowingDiscardingTaskGroup { talks in
                        for try await connection in connections {
                            talks.addTask {
                                // A client that hangs up in the middle ends its talk only.
                                do { try await trap.talk(connection) } catch {}
                            }
                        }
                    }
                }
            }
            try await body(trap)
            group.cancelAll()
            // It ends by cancellation, whichever way it says so.
            do { try await group.waitForAll() } catch {}
        }
    }

    private struct Talk {
        var sender = ""
        var recipients: [String] = []
        var data: [String] = []
        var isData = false
    }

    private func talk(_ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>) async throws {
        try await connection.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: "220 trap ESMTP\r\n"))
            var pending = ""
            var talk = Talk()
            for try await buffer in inbound {
                pending += String(buffer: buffer)
                while let end = pending.utf8.firstIndex(of: UInt8(ascii: "\n")) {
                    var line = String(pending[..<end])
                    pending = String(pending[pending.utf8.index(after: end)...])
                    if line.utf8.last == UInt8(ascii: "\r") { line = String(line.unicodeScalars.dropLast()) }
                    if let reply = take(line, &talk) {
                        try await outbound.write(ByteBuffer(string: reply + "\r\n"))
                        if reply.hasPrefix("221") { return }
                    }
                }
            }
        }
    }

    private func take(_ line: String, _ talk: inout Talk) -> String? {
        if talk.isData {
            guard line != "." else {
                let text = talk.data.joined(separator: "\r\n")
                let mail = Mail(sender: talk.sender, recipients: talk.recipients, text: text)
                kept.withLock { $0.append(mail) }
                talk = Talk()
                return "250 kept"
            }
            talk.data.append(line.hasPrefix(".") ? String(line.dropFirst()) : line)
            return nil
        }
        switch line.prefix(4).uppercased() {
        case "EHLO", "HELO": return "250 trap"
        case "MAIL":
            talk.sender = Self.address(line)
            return "250 ok"
        case "RCPT":
            if let reply = refusal.withLock({ $0 }) { return reply }
            talk.recipients.append(Self.address(line))
            return "250 ok"
        case "DATA":
            talk.isData = true
            return "354 go on"
        case "QUIT": return "221 bye"
        case "RSET", "NOOP": return "250 ok"
        default: return "502 what?"
        }
    }

    private static func address(_ line: String) -> String {
        String(line.drop { $0 != "<" }.dropFirst().prefix { $0 != ">" })
    }

    private static func decodeBase64(_ text: String) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var bytes: [UInt8] = []
        var value: UInt32 = 0
        var bits = 0
        for byte in text.utf8 {
            guard let digit = alphabet.firstIndex(of: byte) else { continue }
            value = value << 6 | UInt32(digit)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(bits)))
            }
        }
        return bytes
    }
}

extension String {
    fileprivate func components(separatedBy separator: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return parts + [String(rest)]
    }
}
