// A pattern is a list of elements, each a character or "any one", with stars between. Where matching may be after each
// character is a set of places in that list, one bit each, and the next set follows from it by shifting and masking. So a
// text costs its length, whatever pattern a person has thought of: nothing is ever tried again.

/// A glob that is compiled once (spec v1.19, appendices, "Glob-style matching"), for whole values or for words in a text;
/// the case of letters does not matter.
public struct TextGlob: Sendable {
    /// Which elements a character fits, by character; those that any character fits are in ``anyone``.
    private let fits: [UInt32: [UInt64]]
    private let anyone: [UInt64]
    /// The places that a star holds.
    private let held: [UInt64]
    /// The place behind the last element.
    private let end: Int

    public init(_ pattern: String) {
        var elements: [UInt32?] = []
        var stars: [Int] = []
        for scalar in pattern.lowercased().unicodeScalars {
            switch scalar {
            case "*": stars.append(elements.count)
            case "?": elements.append(nil)
            default: elements.append(scalar.value)
            }
        }
        end = elements.count
        let words = elements.count / 64 + 1
        var fits: [UInt32: [UInt64]] = [:]
        var (anyone, held) = ([UInt64](repeating: 0, count: words), [UInt64](repeating: 0, count: words))
        for (index, element) in elements.enumerated() {
            let bit = UInt64(1) << UInt64(index % 64)
            if let element {
                fits[element, default: [UInt64](repeating: 0, count: words)][index / 64] |= bit
            } else {
                anyone[index / 64] |= bit
            }
        }
        for place in stars { held[place / 64] |= UInt64(1) << UInt64(place % 64) }
        self.fits = fits
        self.anyone = anyone
        self.held = held
    }

    /// Whether all of `text` fits.
    public func matches(_ text: String) -> Bool {
        var places = start
        for scalar in text.lowercased().unicodeScalars { step(&places, scalar.value) }
        return isAtEnd(places)
    }

    /// Whether some part of `text` fits that begins and ends at a word's boundary.
    public func matchesWords(in text: String) -> Bool {
        var places = [UInt64](repeating: 0, count: held.count)
        var isInWord = false
        var isFirst = true
        for scalar in text.lowercased().unicodeScalars {
            let isWord = Self.isWord(scalar.value)
            if isFirst || !(isInWord && isWord) {
                if isAtEnd(places) { return true }
                places[0] |= 1
                if end == 0 { return true }
            }
            step(&places, scalar.value)
            isInWord = isWord
            isFirst = false
        }
        return isAtEnd(places)
    }

    private var start: [UInt64] {
        var places = [UInt64](repeating: 0, count: held.count)
        places[0] = 1
        return places
    }

    private func step(_ places: inout [UInt64], _ scalar: UInt32) {
        let fits = fits[scalar]
        var carry: UInt64 = 0
        for index in places.indices {
            let advancing = places[index] & (anyone[index] | (fits?[index] ?? 0))
            let next = advancing << 1 | carry
            carry = advancing >> 63
            places[index] = next | places[index] & held[index]
        }
    }

    private func isAtEnd(_ places: [UInt64]) -> Bool { places[end / 64] & UInt64(1) << UInt64(end % 64) != 0 }

    /// Letters of English, digits and the underscore, as the specification has it.
    private static func isWord(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
        default: false
        }
    }
}
