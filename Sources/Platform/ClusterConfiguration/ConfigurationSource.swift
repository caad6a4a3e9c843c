import FoundationEssentials
import Yams

/// Configuration keys with their values as text: from a YAML file, overridden by the environment.
///
/// `listen.public` in the file is `APUS_LISTEN_PUBLIC` in the environment. Problems are gathered, not thrown one by one,
/// so that an operator mends them all at once.
public struct ConfigurationSource {
    public private(set) var problems: [String] = []
    private var values: [String: String] = [:]
    private var known: Set<String> = []

    /// Reads the file named by `APUS_CONFIG`, if any, and the environment.
    public init(environment: [String: String]) {
        if let path = environment["APUS_CONFIG"] {
            do {
                let text = try String(contentsOfFile: path, encoding: .utf8)
                flatten(try Yams.load(yaml: text) ?? [String: Any](), under: "")
            } catch {
                problems.append("\(path): \(error)")
            }
        }
        for (name, value) in environment where name.hasPrefix("APUS_") {
            overrides[name] = value
        }
    }

    private var overrides: [String: String] = [:]

    private mutating func flatten(_ node: Any, under prefix: String) {
        if let mapping = node as? [String: Any] {
            for (key, value) in mapping { flatten(value, under: prefix.isEmpty ? key : "\(prefix).\(key)") }
        } else if let list = node as? [Any] {
            values[prefix] = list.map { "\($0)" }.joined(separator: ",")
        } else {
            values[prefix] = "\(node)"
        }
    }

    /// The value of `key`, `nil` when it is not set.
    public mutating func text(_ key: String) -> String? {
        known.insert(key)
        return overrides["APUS_" + key.uppercased().replacing(".", with: "_")] ?? values[key]
    }

    /// The value of a key that has to be there; a missing one is a problem and answers "".
    public mutating func required(_ key: String) -> String {
        if let value = text(key), !value.isEmpty { return value }
        problems.append("\(key) is missing")
        return ""
    }

    public mutating func integer(_ key: String, default fallback: Int, in range: ClosedRange<Int>) -> Int {
        number(key, default: fallback, in: range) { Int($0) }
    }

    public mutating func decimal(_ key: String, default fallback: Double, in range: ClosedRange<Double>) -> Double {
        number(key, default: fallback, in: range) { Double($0) }
    }

    private mutating func number<Value: Comparable>(
        _ key: String, default fallback: Value, in range: ClosedRange<Value>, _ parse: (String) -> Value?
    ) -> Value {
        guard let text = text(key) else { return fallback }
        guard let value = parse(text), range.contains(value) else {
            problems.append("\(key) must be a number from \(range.lowerBound) to \(range.upperBound), not '\(text)'")
            return fallback
        }
        return value
    }

    public mutating func bool(_ key: String, default fallback: Bool) -> Bool {
        switch text(key) {
        case nil: return fallback
        case "true", "on", "1": return true
        case "false", "off", "0": return false
        case .some(let text):
            problems.append("\(key) must be true or false, not '\(text)'")
            return fallback
        }
    }

    public mutating func choice<Value: RawRepresentable & CaseIterable>(
        _ key: String, default fallback: Value
    ) -> Value where Value.RawValue == String {
        guard let text = text(key) else { return fallback }
        guard let value = Value(rawValue: text) else {
            let choices = Value.allCases.map(\.rawValue).joined(separator: ", ")
            problems.append("\(key) must be one of \(choices), not '\(text)'")
            return fallback
        }
        return value
    }

    /// A secret given in place or, as `<key>_path`, in a file; a missing one is a problem when `isRequired`.
    public mutating func secret(_ key: String, isRequired: Bool) -> Secret? {
        if let value = text(key) { return Secret(value) }
        if let path = text(key + "_path") {
            do {
                let content = try String(contentsOfFile: path, encoding: .utf8)
                return Secret(String(content.prefix { !$0.isNewline }))
            } catch {
                problems.append("\(key)_path: \(path) cannot be read")
                return nil
            }
        }
        if isRequired { problems.append("\(key) or \(key)_path is missing") }
        return nil
    }

    /// A host and port to listen on.
    public mutating func address(_ key: String, default fallback: String) -> ListenAddress {
        let text = text(key) ?? fallback
        guard let address = ListenAddress(text) else {
            problems.append("\(key) must be HOST:PORT, not '\(text)'")
            return ListenAddress(host: "127.0.0.1", port: 0)
        }
        return address
    }

    public mutating func problem(_ text: String) { problems.append(text) }

    /// Reports keys in the file that nothing reads: most often a slip of the pen.
    public mutating func reportUnknownKeys() {
        for key in values.keys.sorted() where !known.contains(key) {
            problems.append("\(key) is not a key Apus knows")
        }
    }
}
