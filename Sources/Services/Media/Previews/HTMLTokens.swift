import Identifiers

// A page is read as a row of tags and texts, never as a tree: nothing nests, so nothing can nest too deeply, and each byte
// is looked at a fixed number of times. That is all a preview needs; what browsers would make of the page is their concern.

/// The tags and texts of a page, one after the other.
package struct HTMLTokens: Sequence, IteratorProtocol {
    package enum Token: Equatable {
        case start(String, [String: String])
        case end(String)
        case text(String)
    }

    /// The most tags and texts of one page.
    static let tokensMax = 100_000
    /// The most attributes of a tag; later ones are left out.
    static let attributesMax = 64
    /// The longest name or value, in bytes; the rest is left out.
    static let nameBytesMax = 64
    static let valueBytesMax = 8_192
    /// Elements in which nothing is a tag but their own end.
    private static let rawElements: Set<String> = ["script", "style", "title", "textarea", "noscript", "iframe"]

    private let bytes: [UInt8]
    private var position = 0
    private var count = 0
    /// The raw element that is open.
    private var raw: String?

    package init(_ text: String) { bytes = Array(text.utf8) }

    package mutating func next() -> Token? {
        while position < bytes.count, count < Self.tokensMax {
            count += 1
            if let raw { return rawText(of: raw) }
            guard bytes[position] == UInt8(ascii: "<") else { return text() }
            if skipComment() { continue }
            if let tag = tag() { return tag }
            // A lone "<" is text.
            position += 1
        }
        return nil
    }

    private mutating func text() -> Token {
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "<") { position += 1 }
        return .text(HTMLEntities.decode(String(decoding: bytes[start..<position], as: UTF8.self)))
    }

    private mutating func rawText(of name: String) -> Token {
        raw = nil
        let start = position
        let end = Array("</\(name)".utf8)
        while position < bytes.count, !matches(end, at: position) { position += 1 }
        return .text(HTMLEntities.decode(String(decoding: bytes[start..<position], as: UTF8.self)))
    }

    private func matches(_ word: [UInt8], at start: Int) -> Bool {
        guard start + word.count <= bytes.count else { return false }
        return word.indices.allSatisfy { bytes[start + $0] | 0x20 == word[$0] | 0x20 }
    }

    /// Skips `<!-- … -->`, `<!…>` and `<?…>`; one without an end goes to the page's.
    private mutating func skipComment() -> Bool {
        guard position + 1 < bytes.count, "!?".utf8.contains(bytes[position + 1]) else { return false }
        let isComment = bytes[position...].starts(with: "<!--".utf8)
        let end = Array(isComment ? "-->".utf8 : ">".utf8)
        position += isComment ? 4 : 2
        while position < bytes.count, !bytes[position...].starts(with: end) { position += 1 }
        position = Swift.min(bytes.count, position + end.count)
        return true
    }

    /// The tag that begins here; `nil` when none does.
    private mutating func tag() -> Token? {
        let start = position
        position += 1
        let isEnd = position < bytes.count && bytes[position] == UInt8(ascii: "/")
        if isEnd { position += 1 }
        guard position < bytes.count, bytes[position].isASCIILetter else {
            position = start
            return nil
        }
        let name = word { $0.isASCIILetter || $0.isDigit || $0 == UInt8(ascii: "-") }
        let attributes = attributes()
        guard !isEnd else { return .end(name) }
        if Self.rawElements.contains(name) { raw = name }
        return .start(name, attributes)
    }

    /// Takes the attributes and the tag's end.
    private mutating func attributes() -> [String: String] {
        var attributes: [String: String] = [:]
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: ">") {
                position += 1
                break
            }
            guard !Self.isSpace(byte), byte != UInt8(ascii: "/"), byte != UInt8(ascii: "=") else {
                position += 1
                continue
            }
            let name = word { !Self.isSpace($0) && !"=>/".utf8.contains($0) }
            let value = value()
            if attributes.count < Self.attributesMax, attributes[name] == nil { attributes[name] = value }
        }
        return attributes
    }

    /// What follows a name and `=`; "" when there is none.
    private mutating func value() -> String {
        skipSpaces()
        guard position < bytes.count, bytes[position] == UInt8(ascii: "=") else { return "" }
        position += 1
        skipSpaces()
        guard position < bytes.count else { return "" }
        let quote = bytes[position]
        let isQuoted = quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'")
        if isQuoted { position += 1 }
        let start = position
        while position < bytes.count {
            let byte = bytes[position]
            if isQuoted ? byte == quote : Self.isSpace(byte) || byte == UInt8(ascii: ">") { break }
            position += 1
        }
        let value = bytes[start..<position].prefix(Self.valueBytesMax)
        if isQuoted { position = Swift.min(bytes.count, position + 1) }
        return HTMLEntities.decode(String(decoding: value, as: UTF8.self))
    }

    /// Bytes that fit, in small letters.
    private mutating func word(_ fits: (UInt8) -> Bool) -> String {
        let start = position
        while position < bytes.count, fits(bytes[position]) { position += 1 }
        return String(decoding: bytes[start..<position].prefix(Self.nameBytesMax), as: UTF8.self).lowercased()
    }

    private mutating func skipSpaces() {
        while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}

/// Characters written by name or number.
enum HTMLEntities {
    /// The longest name, in bytes.
    static let nameBytesMax = 10
    private static let named: [String: String] = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": " ", "ndash": "–", "mdash": "—",
        "hellip": "…", "lsquo": "‘", "rsquo": "’", "ldquo": "“", "rdquo": "”", "laquo": "«", "raquo": "»",
        "middot": "·", "bull": "•", "copy": "©", "reg": "®", "trade": "™", "euro": "€", "auml": "ä", "ouml": "ö",
        "uuml": "ü", "Auml": "Ä", "Ouml": "Ö", "Uuml": "Ü", "szlig": "ß", "eacute": "é", "egrave": "è", "agrave": "à",
        "ccedil": "ç",
    ]

    static func decode(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "&")) else { return text }
        var result = ""
        var rest = text[...]
        while let mark = rest.utf8.firstIndex(of: UInt8(ascii: "&")) {
            result += rest[..<mark]
            rest = rest[mark...]
            let body = rest.utf8.dropFirst().prefix(nameBytesMax)
            if let end = body.firstIndex(of: UInt8(ascii: ";")),
                let character = character(rest[rest.utf8.index(after: mark)..<end])
            {
                result += character
                rest = rest[rest.utf8.index(after: end)...]
            } else {
                result += "&"
                rest = rest[rest.utf8.index(after: mark)...]
            }
        }
        return result + rest
    }

    private static func character(_ name: Substring) -> String? {
        guard name.utf8.first == UInt8(ascii: "#") else { return named[String(name)] }
        let digits = name.dropFirst()
        let isHexadecimal = digits.utf8.first.map { $0 | 0x20 == UInt8(ascii: "x") } ?? false
        let number = isHexadecimal ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
        return number.flatMap { $0 == 0 ? nil : Unicode.Scalar($0) }.map { String($0) }
    }
}
