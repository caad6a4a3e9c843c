import Glibc

/// Makes text of a page's bytes, in the encoding it says it has.
package enum PageText {
    /// How far into a page its own word on its encoding is looked for, in bytes.
    static let declarationBytesMax = 1_024
    /// Encodings that pages have; no others are asked of the system, which knows some with a history of holes.
    private static let known: Set<String> = [
        "iso-8859-1", "iso-8859-2", "iso-8859-5", "iso-8859-7", "iso-8859-9", "iso-8859-15", "windows-1250",
        "windows-1251", "windows-1252", "windows-1253", "windows-1254", "windows-1256", "windows-1257", "koi8-r",
        "koi8-u", "shift_jis", "euc-jp", "euc-kr", "gbk", "gb2312", "gb18030", "big5", "utf-16le", "utf-16be",
    ]

    /// - Parameter contentType: the header, whose word counts first.
    package static func decode(_ bytes: [UInt8], contentType: String) -> String {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return String(decoding: bytes.dropFirst(3), as: UTF8.self) }
        let start = String(decoding: bytes.prefix(declarationBytesMax), as: UTF8.self)
        let name = charset(in: contentType) ?? charset(in: start)
        guard let name, known.contains(name) else { return String(decoding: bytes, as: UTF8.self) }
        // Browsers take the one for the other, because servers do.
        let system = name.utf8.elementsEqual("iso-8859-1".utf8) ? "windows-1252" : name
        return convert(bytes, from: system) ?? String(decoding: bytes, as: UTF8.self)
    }

    /// What follows `charset=`, in small letters.
    private static func charset(in text: String) -> String? {
        let text = text.lowercased()
        guard let start = text.firstRange(of: "charset=")?.upperBound else { return nil }
        let rest = text[start...].drop { $0 == "\"" || $0 == "'" || $0 == " " }
        let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
        return name.isEmpty ? nil : String(name)
    }

    /// What cannot be read becomes U+FFFD.
    private static func convert(_ bytes: [UInt8], from encoding: String) -> String? {
        let converter = iconv_open("UTF-8", encoding)
        guard converter != iconv_t(bitPattern: -1) else { return nil }
        defer { iconv_close(converter) }
        var input = bytes.map { CChar(bitPattern: $0) }
        var text: [UInt8] = []
        var output = [CChar](repeating: 0, count: 4_096)
        input.withUnsafeMutableBufferPointer { input in
            var next = input.baseAddress
            var left = input.count
            while left > 0 {
                let status = output.withUnsafeMutableBufferPointer { output in
                    var end = output.baseAddress
                    var room = output.count
                    let status = iconv(converter, &next, &left, &end, &room)
                    let reason = errno
                    text += output.prefix(output.count - room).map { UInt8(bitPattern: $0) }
                    return status == -1 ? reason : 0
                }
                // No room: go on. Anything else: this byte is none of a character.
                guard status != 0, status != E2BIG else { continue }
                text += [0xEF, 0xBF, 0xBD]
                next = next?.advanced(by: 1)
                left -= 1
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
