import Events

// Words are runs of letters and digits, in lower case. Writing without spaces (Han, kana, Hangul, Thai and others) has no
// words to tell apart without a dictionary: of such a run the rest from each of its characters counts as a word, so that
// what begins anywhere in it is found by the same look-up of prefixes.

/// Cuts names and search terms into what they are found by; pure.
package enum SearchWords {
    /// The most words of one text.
    package static let wordsMax = 64
    /// The most characters of a word.
    package static let lengthMax = 32

    /// What a name is found by.
    package static func indexed(_ text: String) -> [String] {
        var words: [String] = []
        for run in runs(of: text) {
            guard run.isUnspaced else {
                words.append(cut(run.text[...]))
                continue
            }
            for start in run.text.indices { words.append(cut(run.text[start...])) }
        }
        return unique(words)
    }

    /// What a search looks for: each must begin a word of what is found.
    package static func searched(_ text: String) -> [String] { unique(runs(of: text).map { cut($0.text[...]) }) }

    /// Whether each of `searched` begins one of `indexed`.
    package static func matches(_ searched: [String], in indexed: [String]) -> Bool {
        searched.allSatisfy { part in indexed.contains { $0.utf8.starts(with: part.utf8) } }
    }

    private struct Run {
        var text: String
        let isUnspaced: Bool
    }

    private static func runs(of text: String) -> [Run] {
        var runs: [Run] = []
        var isInRun = false
        for character in text.lowercased() {
            guard character.isLetter || character.isNumber else {
                isInRun = false
                continue
            }
            let isUnspaced = character.unicodeScalars.first?.isOfScriptWithoutSpaces ?? false
            if isInRun, let last = runs.last, last.isUnspaced == isUnspaced {
                runs[runs.count - 1].text.append(character)
            } else {
                runs.append(Run(text: String(character), isUnspaced: isUnspaced))
            }
            isInRun = true
        }
        return runs
    }

    private static func cut(_ text: Substring) -> String { String(text.prefix(lengthMax)) }

    private static func unique(_ words: [String]) -> [String] {
        var kept: [String] = []
        for word in words where !kept.contains(where: { $0.utf8.elementsEqual(word.utf8) }) {
            kept.append(word)
            if kept.count == wordsMax { break }
        }
        return kept
    }
}
