import Logging

extension Logger {
    /// Says nothing: what tests provoke would only hide what they report.
    public static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}
