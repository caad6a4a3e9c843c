import Glibc
import Synchronization

/// Everybody's lines on one output, each with the name of who said it.
package final class OutputLines: Sendable {
    /// Foreground colours that can be read on dark and light.
    private static let colours = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94]
    /// Names are padded to this.
    private static let nameWidth = 10

    private let isColoured: Bool
    private let numbers = Mutex<[String: Int]>([:])

    package init(isColoured: Bool = isatty(STDOUT_FILENO) == 1) { self.isColoured = isColoured }

    package func write(_ line: String, from name: String) {
        let padding = String(repeating: " ", count: max(0, Self.nameWidth - name.count))
        emit("\(coloured(name + padding, by: name)) | \(line)\n")
    }

    /// A line of our own, for whoever started us.
    package func say(_ line: String) { emit(line + "\n") }

    private func coloured(_ text: String, by name: String) -> String {
        guard isColoured else { return text }
        let number = numbers.withLock { numbers in
            if let known = numbers[name] { return known }
            numbers[name] = numbers.count
            return numbers.count - 1
        }
        return "\u{1B}[\(Self.colours[number % Self.colours.count])m\(text)\u{1B}[0m"
    }

    /// One write a line, so that lines of several threads do not mix; a lost line has nowhere to be reported.
    private func emit(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    }
}
