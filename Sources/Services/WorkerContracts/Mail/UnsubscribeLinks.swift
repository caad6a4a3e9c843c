import Crypto
import Identifiers

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
        guard let pusher = pusher.flatMap({ Int64($0) }), let code = code.flatMap({ Hexadecimal.decode($0) }),
            HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: Self.signed(pusher), using: key)
        else { return nil }
        return pusher
    }

    private func code(_ pusher: Int64) -> String {
        Hexadecimal.encode(Array(HMAC<SHA256>.authenticationCode(for: Self.signed(pusher), using: key)))
    }

    private static func signed(_ pusher: Int64) -> [UInt8] { Array("unsubscribe pusher \(pusher)".utf8) }
}
