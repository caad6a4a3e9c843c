import MatrixHTTP

/// What a password may be.
enum PasswordRules {
    /// The longest password, in bytes: hashing takes time and memory by its length.
    static let bytesMax = 512

    /// - Throws: `M_WEAK_PASSWORD` for an empty one, `M_INVALID_PARAM` for one over ``bytesMax``.
    static func check(_ password: String) throws {
        guard !password.isEmpty else {
            throw MatrixError(status: 400, errcode: "M_WEAK_PASSWORD", message: "The password is empty.")
        }
        guard password.utf8.count <= bytesMax else {
            throw MatrixError.invalidParam("A password is at most \(bytesMax) bytes.")
        }
    }
}
