import Glibc

/// A change's progress, as it happens.
enum Progress {
    /// Prints a line that is seen at once, also by a program that reads along.
    static func show(_ line: String) {
        print(line)
        fflush(nil)
    }
}
