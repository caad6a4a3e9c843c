import CanonicalJSON
import MatrixHTTP

/// The name of a profile field and what its value may be (spec v1.19, "Profiles").
package struct ProfileKey: Sendable {
    static let bytesMax = 255
    /// The longest display name, in bytes.
    static let displayNameBytesMax = 1_024

    let name: String

    /// - Throws: `M_KEY_TOO_LARGE` over ``bytesMax``, `M_INVALID_PARAM` outside of the grammar.
    package init(_ name: String) throws {
        guard name.utf8.count <= Self.bytesMax else {
            throw MatrixError(
                status: 400, errcode: "M_KEY_TOO_LARGE", message: "A profile key is at most \(Self.bytesMax) bytes.")
        }
        guard Self.isValid(name) else { throw MatrixError.invalidParam("Invalid profile key.") }
        self.name = name
    }

    /// Whether the field shows in member events.
    var isInMemberEvents: Bool { name == "displayname" || name == "avatar_url" }

    /// The value of this field in `body`; `nil` when it asks to remove the field.
    ///
    /// - Throws: `M_MISSING_PARAM` when it is not there, `M_BAD_JSON` for another type than the field's.
    package func value(in body: JSONObject) throws -> JSONValue? {
        guard let value = body[name] else { throw MatrixError.missingParam("'\(name)' is missing.") }
        guard isInMemberEvents || name == "m.tz" else {
            try EventLimits.check(content: [name: value])
            return value
        }
        guard let text = value.stringValue else { throw MatrixError.badJSON("'\(name)' must be a string.") }
        // Clients clear a name or picture by setting it to nothing.
        guard !text.isEmpty else { return nil }
        if name == "avatar_url", !text.utf8.starts(with: "mxc://".utf8) {
            throw MatrixError.invalidParam("'avatar_url' must be an mxc:// URI.")
        }
        guard text.utf8.count <= Self.displayNameBytesMax else {
            throw MatrixError.invalidParam("'\(name)' is at most \(Self.displayNameBytesMax) bytes.")
        }
        return value
    }

    private static func isValid(_ name: String) -> Bool {
        if name == "displayname" || name == "avatar_url" { return true }
        let parts = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count > 1
            && parts.allSatisfy { part in
                guard let first = part.first, first.isASCIILowercase else { return false }
                return part.allSatisfy { $0.isASCIILowercase || $0.isDigit || $0 == UInt8(ascii: "_") }
            }
    }
}
