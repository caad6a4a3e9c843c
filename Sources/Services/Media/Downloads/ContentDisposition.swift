import Identifiers

/// How a browser treats a file, and what it calls it (RFC 6266).
enum ContentDisposition {
    /// Types that browsers show without harm; everything else is to be saved.
    ///
    /// Spec v1.19, client-server API, "Serving inline content".
    static let inlineTypes: Set<String> = [
        "text/css", "text/plain", "text/csv", "application/json", "application/ld+json", "image/jpeg", "image/gif",
        "image/png", "image/apng", "image/webp", "image/avif", "video/mp4", "video/webm", "video/ogg",
        "video/quicktime", "audio/mp4", "audio/webm", "audio/aac", "audio/mpeg", "audio/ogg", "audio/wave", "audio/wav",
        "audio/x-wav", "audio/x-pn-wav", "audio/flac", "audio/x-flac",
    ]

    static func of(_ contentType: String, _ fileName: String?) -> String {
        let essence = contentType.prefix { $0 != ";" && $0 != " " }.lowercased()
        return named(inlineTypes.contains(essence) ? "inline" : "attachment", fileName)
    }

    /// - Parameter disposition: `inline` or `attachment`.
    static func named(_ disposition: String, _ fileName: String?) -> String {
        guard let fileName, !fileName.isEmpty else { return disposition }
        // What every header takes as it is; anything else by its bytes.
        guard fileName.utf8.allSatisfy({ (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "%") }) else {
            return "\(disposition); filename*=utf-8''\(encoded(fileName))"
        }
        let quoted = fileName.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return "\(disposition); filename=\"\(quoted)\""
    }

    /// RFC 8187: everything but letters, digits and a few marks by its bytes.
    private static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            if byte.isASCIILetter || byte.isDigit || "!#$&+-.^_`|~".utf8.contains(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }
}
