/// Something in the sources that a rule of the house forbids.
struct Finding: Hashable, CustomStringConvertible {
    /// The rule's name, as exemptions name it.
    let rule: String
    /// From the repository's root.
    let path: String
    let line: Int
    /// What to do instead.
    let message: String

    var description: String { "\(path):\(line): [\(rule)] \(message)" }
}
