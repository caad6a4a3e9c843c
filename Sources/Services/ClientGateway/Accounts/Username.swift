import Identifiers
import MatrixHTTP

/// The name a person chose for an account.
package enum Username {
    /// The ID of a new account of that name; ASCII capitals are made small, as people type them.
    ///
    /// - Throws: `M_INVALID_USERNAME` for what the grammar of user IDs refuses (spec v1.19, "User Identifiers"),
    ///   `M_USER_IN_USE` for the server's own.
    package static func newUser(_ name: String, on server: ServerName) throws -> UserID {
        guard let user = UserID(localpart: lowercased(name), server: server) else {
            throw MatrixError(
                status: 400, errcode: "M_INVALID_USERNAME",
                message: "A user name is of a-z 0-9 . _ = - / + and at most 255 bytes with the server's name.")
        }
        guard user.localpart != ServerNotices.localpart else {
            throw MatrixError.userInUse("This name is the server's own.")
        }
        return user
    }

    /// A new account's ID when the person chose none.
    static func random(on server: ServerName) throws -> UserID {
        try newUser("user-" + SecureRandom.text(10, of: SecureRandom.lowercaseAndDigits), on: server)
    }

    /// The IDs somebody who types `name` at login may mean, the likeliest first: a full ID or a localpart, as typed and
    /// in small letters.
    package static func candidates(_ name: String, on server: ServerName) -> [UserID] {
        var users: [UserID] = []
        for text in [name, lowercased(name)] {
            let user = text.utf8.first == UInt8(ascii: "@") ? UserID(text) : UserID("@\(text):\(server)")
            if let user, user.server == server, !users.contains(user) { users.append(user) }
        }
        return users
    }

    private static func lowercased(_ name: String) -> String {
        String(decoding: name.utf8.map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }, as: UTF8.self)
    }
}
