/// Base64 without `=` (spec v1.19, appendices, "Unpadded Base64"), in the standard and the URL-safe alphabet.
public enum UnpaddedBase64 {
    public enum Alphabet: Sendable {
        /// With `+` and `/`.
        case standard
        /// With `-` and `_`.
        case urlSafe
    }

    /// Encodes `bytes` without padding.
    public static func encode(_ bytes: some Sequence<UInt8>, alphabet: Alphabet = .standard) -> String {
        let symbols = alphabet == .standard ? standardSymbols : urlSafeSymbols
        var text: [UInt8] = []
        text.reserveCapacity((bytes.underestimatedCount * 4 + 2) / 3)
        var pending: UInt32 = 0
        var pendingBits = 0
        for byte in bytes {
            pending = pending << 8 | UInt32(byte)
            pendingBits += 8
            while pendingBits >= 6 {
                pendingBits -= 6
                text.append(symbols[Int(pending >> UInt32(pendingBits) & 63)])
            }
        }
        if pendingBits > 0 { text.append(symbols[Int(pending << UInt32(6 - pendingBits) & 63)]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// Decodes `text`, with or without its padding; `nil` for a symbol of another alphabet or an impossible length.
    ///
    /// Unused bits of the last symbol are ignored, as other servers do.
    public static func decode(_ text: some StringProtocol, alphabet: Alphabet = .standard) -> [UInt8]? {
        var symbols = Array(text.utf8)
        if symbols.count.isMultiple(of: 4) {
            for _ in 0..<2 where symbols.last == UInt8(ascii: "=") { symbols.removeLast() }
        }
        guard symbols.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(symbols.count * 3 / 4)
        var pending: UInt32 = 0
        var pendingBits = 0
        for symbol in symbols {
            guard let value = value(of: symbol, in: alphabet) else { return nil }
            pending = pending << 6 | value
            pendingBits += 6
            if pendingBits >= 8 {
                pendingBits -= 8
                bytes.append(UInt8(truncatingIfNeeded: pending >> UInt32(pendingBits)))
            }
        }
        return bytes
    }

    private static let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    private static let standardSymbols = Array("\(letters)+/".utf8)
    private static let urlSafeSymbols = Array("\(letters)-_".utf8)

    private static func value(of symbol: UInt8, in alphabet: Alphabet) -> UInt32? {
        switch (symbol, alphabet) {
        case (UInt8(ascii: "A")...UInt8(ascii: "Z"), _): UInt32(symbol) - 65
        case (UInt8(ascii: "a")...UInt8(ascii: "z"), _): UInt32(symbol) - 71
        case (UInt8(ascii: "0")...UInt8(ascii: "9"), _): UInt32(symbol) + 4
        case (UInt8(ascii: "+"), .standard), (UInt8(ascii: "-"), .urlSafe): 62
        case (UInt8(ascii: "/"), .standard), (UInt8(ascii: "_"), .urlSafe): 63
        default: nil
        }
    }
}
