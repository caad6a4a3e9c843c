import Identifiers
import MatrixHTTP

/// The fields of a form as browsers send it (`application/x-www-form-urlencoded`).
struct FormFields: Sendable {
    /// The most fields of one form.
    static let fieldsMax = 100

    private let fields: [(name: String, value: String)]

    /// - Throws: `M_INVALID_PARAM` for what is no form.
    init(_ bytes: [UInt8]) throws {
        let parts = bytes.split(separator: UInt8(ascii: "&"))
        guard parts.count <= Self.fieldsMax else { throw MatrixError.invalidParam("The form has too many fields.") }
        fields = try parts.map { part in
            let pieces = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            return (try Self.decode(pieces[0]), try pieces.count > 1 ? Self.decode(pieces[1]) : "")
        }
    }

    subscript(name: String) -> String? {
        fields.first { $0.name.utf8.elementsEqual(name.utf8) }?.value
    }

    private static func decode(_ bytes: ArraySlice<UInt8>) throws -> String {
        var decoded: [UInt8] = []
        var rest = bytes
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): decoded.append(0x20)
            case UInt8(ascii: "%"):
                guard let value = Hexadecimal.decode(String(decoding: rest.prefix(2), as: UTF8.self))?.first,
                    rest.count >= 2
                else { throw MatrixError.invalidParam("The form is not well encoded.") }
                decoded.append(value)
                rest = rest.dropFirst(2)
            default: decoded.append(byte)
            }
        }
        guard let text = String(validating: decoded, as: UTF8.self), !text.utf8.contains(0) else {
            throw MatrixError.invalidParam("The form is not text.")
        }
        return text
    }
}
