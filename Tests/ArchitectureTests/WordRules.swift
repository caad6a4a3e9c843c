/// Words that are not written in Sources, and what is written instead.
struct WordRule: Sendable {
    let name: String
    let pattern: @Sendable (SourceFile) -> [Int]
    let message: String
    /// Folders to which it does not apply.
    var except: [String] = []
    /// The only folder to which it applies.
    var only = "Sources"

    func findings(in file: SourceFile) -> [Finding] {
        guard file.isUnder(only), !except.contains(where: file.isUnder) else { return [] }
        return pattern(file).map { Finding(rule: name, path: file.path, line: $0, message: message) }
    }

    static let all: [WordRule] = [
        WordRule(
            name: "try!", pattern: { $0.occurrences(of: /\btry!/, containing: "try!") },
            message: "Handle the error, or say why it cannot be."),
        WordRule(
            name: "as!", pattern: { $0.occurrences(of: /\bas!/, containing: "as!") },
            message: "Use as? and say what else may come."),
        WordRule(
            name: "fatalError", pattern: { $0.occurrences(of: /\bfatalError\(/, containing: "fatalError") },
            message: "Use precondition or preconditionFailure with a sentence."),
        WordRule(
            name: "print", pattern: { $0.occurrences(of: /(^|[^.\w])print\(/, containing: "print(") },
            message: "Log it.",
            except: ["Sources/Executables", "Sources/Services/ClusterOperations", "Sources/ClusterHarness"]),
        WordRule(
            name: "Task",
            pattern: {
                $0.occurrences(of: /(^|[^.\w])Task(<[^>]*>)?(\.detached|\.immediate)?(\(.*\))? *\{/, containing: "Task")
            },
            message: "Use a task group: what nobody waits for, nobody stops."),
        WordRule(
            name: "Date()", pattern: { $0.occurrences(of: /\bDate(\(\)|\.now\b)/, containing: "Date") },
            message: "Take the time as a Timestamp or from a clock that is passed in."),
        WordRule(
            name: "unchecked", pattern: { $0.occurrences(of: /@unchecked\s+Sendable/, containing: "@unchecked") },
            message: "Make it Sendable with Mutex; else list it with its guard."),
        WordRule(
            name: "sleep", pattern: { $0.occurrences(of: /\bThread\.sleep|\b(u|nano)sleep\(/, containing: "sleep") },
            message: "Threads do not sleep; await a clock."),
        WordRule(
            name: "DispatchQueue", pattern: { $0.occurrences(of: /\bDispatchQueue\b/, containing: "DispatchQueue") },
            message: "Dispatch's threads are Swift's tasks' own: use a task, or a thread of your own."),
        WordRule(
            name: "nonisolated(unsafe)",
            pattern: { $0.occurrences(of: /nonisolated\(unsafe\)/, containing: "nonisolated") },
            message: "Guard it with Mutex."),
        WordRule(
            name: "clock",
            pattern: { file in
                file.occurrences(of: /\b(Continuous|Suspending|Wall)Clock\b/, containing: "Clock")
                    + file.occurrences(of: /\bTask\.sleep\b/, containing: "Task.sleep")
            }, message: "Protocol has no clock: take the time as a Timestamp.", only: "Sources/Protocol"),
        WordRule(
            name: "random",
            pattern: { file in
                file.occurrences(of: /SystemRandomNumberGenerator/, containing: "SystemRandomNumberGenerator")
                    + file.occurrences(of: /\.random(Element)?\(/, containing: ".random")
                    + file.occurrences(of: /\.shuffled?\(/, containing: ".shuffle")
            }, message: "Protocol has no randomness: same input, same bytes.", only: "Sources/Protocol"),
        WordRule(
            name: "TODO",
            pattern: { file in
                file.lines.enumerated().compactMap { index, line in
                    let isMarked = ["TODO", "FIXME", "XXX"].contains { line.utf8.contains($0.utf8) }
                    return isMarked && line.contains(/\b(TODO|FIXME|XXX)\b(?!\(#\d+\))/) ? index + 1 : nil
                }
            }, message: "Name its issue: TODO(#12)."),
        WordRule(
            name: "try?", pattern: Self.unexplainedTries, message: "Say in a comment why the error does not matter."),
        WordRule(
            name: "@testable", pattern: { $0.occurrences(of: /@testable\b/, containing: "@testable") },
            message: "Give it package access.",
            except: ["Tests/ArchitectureTests"],
            only: "Tests"),
        WordRule(
            name: "XCTest", pattern: { $0.occurrences(of: /\bimport XCTest\b/, containing: "XCTest") },
            message: "Write it with Testing.",
            only: "Tests"),
    ]

    /// Lines with `try?` that have no comment on them nor beside them; an interrupted sleep needs none.
    @Sendable private static func unexplainedTries(_ file: SourceFile) -> [Int] {
        file.occurrences(of: /\btry\?/, containing: "try?").filter { line in
            if file.code[line - 1].contains(/try\? await [\w.]*(sleep|clock)/) { return false }
            let near = file.lines[max(0, line - 3)..<min(line + 2, file.lines.count)]
            return !near.contains { $0.contains("//") }
        }
    }
}
