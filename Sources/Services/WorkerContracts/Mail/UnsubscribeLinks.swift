import Crypto

/// Links in mails that end mails of their kind: whoever has the mail may, without logging in.
public struct UnsubscribeLinks: Sendable {
    public static let path = "/_matrix/client/unstable/apus/email/unsubscribe"

    private let publicURL: String
    private let key: SymmetricKey

    /// - Parameters:
    ///   - publicURL: where people's browsers find this server.
    ///   - secret: one all workers have.
    public init(publicURL: String, secret: [UInt8]) {
        var url = publicURL
        while url.utf8.last == UInt8(ascii: "/") { url.removeLast() }
        self.publicURL = url
        key = SymmetricKey(data: secret)
    }

    public func url(for pusher: Int64) -> String { publicURL + pathAndQuery(for: pusher) }

    public func pathAndQuery(for pusher: Int64) -> String { "\(Self.path)?pusher=\(pusher)&code=\(code(pusher))" }

    /// The pusher a link is for; `nil` when it is not one of this server's.
    public func pusher(_ pusher: String?, code: String?) -> Int64? {
        guard let pusher = pusher.flatMap({ Int64($0) }), let code else { return nil }
        // In a time that does not depend on where they differ.
        let own = Array(self.code(pusher).utf8)
        let given = Array(code.utf8)
        guard own.count == given.count, zip(own, given).reduce(UInt8(0), { $0 | ($1.0 ^ $1.1) }) == 0 else {
            return nil
        }
        return pusher
    }

    private func code(_ pusher: Int64) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Array("unsubscribe pusher \(pusher)".utf8), using: key)
        return CommandID(Array(code.prefix(CommandID.byteCount))).hexadecimal
    }
}
