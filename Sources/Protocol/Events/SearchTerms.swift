// PostgreSQL's own parsers split words by a locale's rules and do not split Chinese, Japanese or Thai at all, which have no
// spaces. So texts are split here: into words, and where a script has no spaces into overlapping pairs of letters. Whoever
// looks for several letters of such a script looks for their pairs, one after the other.

/// A text as it is searched: terms in their order, of letters and digits in lower case only.
public struct SearchTerms: Sendable {
    /// The most terms of one text; what comes after is not found.
    public static let termsMax = 2_000
    /// The longest term, in bytes; longer words are cut.
    public static let termBytesMax = 100
    /// The most words and runs one query has.
    public static let queryRunsMax = 20

    /// A word, or letters of a script without spaces that follow one another.
    private enum Run {
        case word(String)
        case letters([Unicode.Scalar])
    }

    private let runs: [Run]

    public init(_ text: String) {
        var runs: [Run] = []
        var word = String.UnicodeScalarView()
        var letters: [Unicode.Scalar] = []
        func end() {
            if !word.isEmpty { runs.append(.word(String(word))) }
            if !letters.isEmpty { runs.append(.letters(letters)) }
            word = String.UnicodeScalarView()
            letters = []
        }
        var count = 0
        for scalar in text.lowercased().unicodeScalars {
            guard Self.isPartOfTerm(scalar) else {
                end()
                continue
            }
            if scalar.isOfScriptWithoutSpaces {
                if !word.isEmpty { end() }
                letters.append(scalar)
                count += 1
            } else {
                if !letters.isEmpty { end() }
                if word.isEmpty { count += 1 }
                if word.count < Self.termBytesMax / 4 { word.append(scalar) }
            }
            if count >= Self.termsMax { break }
        }
        end()
        self.runs = runs
    }

    public var isEmpty: Bool { runs.isEmpty }

    /// The text of a `tsvector`: each term with its place.
    public var vector: String {
        var terms: [String] = []
        var place = 0
        func add(_ term: String) {
            place += 1
            terms.append("\(term):\(place)")
        }
        for run in runs {
            switch run {
            case .word(let word): add(word)
            case .letters(let letters):
                for pair in zip(letters, letters.dropFirst()) { add(Self.text([pair.0, pair.1])) }
                // So that a single letter is found by the terms that begin with it.
                if let last = letters.last { add(Self.text([last])) }
            }
        }
        return terms.joined(separator: " ")
    }

    /// The text of a `tsquery`: everything has to be there.
    public var query: String {
        runs.prefix(Self.queryRunsMax).map { run -> String in
            switch run {
            case .word(let word): return word
            case .letters(let letters):
                if letters.count == 1 { return "\(Self.text(letters)):*" }
                let pairs = zip(letters, letters.dropFirst()).map { Self.text([$0, $1]) }
                return "(\(pairs.joined(separator: " <-> ")))"
            }
        }.joined(separator: " & ")
    }

    /// What a client marks in the results.
    public var highlights: [String] {
        runs.prefix(Self.queryRunsMax).map { run -> String in
            switch run {
            case .word(let word): word
            case .letters(let letters): Self.text(letters)
            }
        }
    }

    private static func text(_ scalars: [Unicode.Scalar]) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    private static func isPartOfTerm(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
            .spacingMark, .decimalNumber, .letterNumber, .otherNumber:
            true
        default: false
        }
    }
}
