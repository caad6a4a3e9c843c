import MatrixHTTP

/// A client's transaction ID from a path.
package struct TransactionID: Sendable {
    package static let bytesMax = 255
    let text: String

    /// - Throws: `M_INVALID_PARAM` for an empty, over-long or NUL-bearing one.
    package init(_ text: String) throws {
        guard !text.isEmpty, text.utf8.count <= Self.bytesMax, !text.utf8.contains(0) else {
            throw MatrixError.invalidParam("The transaction ID must be 1 to \(Self.bytesMax) bytes without NUL.")
        }
        self.text = text
    }
}
