extension Unicode.Scalar {
    /// Whether it is of a script that is written without spaces between words, or of one that does not need them: Thai,
    /// Lao, Burmese and Khmer; Hangul; Kana and Bopomofo; Han with its extensions.
    public var isOfScriptWithoutSpaces: Bool {
        switch value {
        case 0x0E00...0x0EFF, 0x1000...0x109F, 0x1780...0x17FF, 0x1100...0x11FF, 0xAC00...0xD7AF, 0x3040...0x31FF,
            0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0xFF66...0xFF9F, 0x20000...0x3FFFF:
            true
        default: false
        }
    }
}
