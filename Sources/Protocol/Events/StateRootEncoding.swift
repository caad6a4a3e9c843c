import Identifiers

/// The bytes of `state_root.entries`.
///
/// A format byte, the number of entries, then for each the length and bytes of type, state_key and event ID; an event ID of
/// length 0 says that the key is removed. Lengths are LEB128.
public enum StateRootEncoding {
    public static let format: UInt8 = 1

    /// A root's own entries: the whole state (a snapshot) or what differs from the parent.
    public typealias Entry = (key: StateMapKey, event: EventID?)

    public enum DecodingError: Error, Equatable {
        case unknownFormat(UInt8)
        case truncated
        case malformed
    }

    public static func encode(_ entries: [Entry]) -> [UInt8] {
        var bytes: [UInt8] = [format]
        bytes.reserveCapacity(8 + entries.count * 96)
        append(entries.count, to: &bytes)
        for (key, event) in entries {
            append(key.type, to: &bytes)
            append(key.stateKey, to: &bytes)
            append(event?.rawValue ?? "", to: &bytes)
        }
        return bytes
    }

    /// The whole of `tree`, for a snapshot.
    public static func encode(_ tree: StateTree) -> [UInt8] {
        var entries: [Entry] = []
        entries.reserveCapacity(tree.count)
        tree.forEach { entries.append(($0, $1)) }
        return encode(entries)
    }

    public static func decode(_ bytes: [UInt8]) throws(DecodingError) -> [Entry] {
        var input = bytes[...]
        guard let first = input.popFirst() else { throw .truncated }
        guard first == format else { throw .unknownFormat(first) }
        let count = try length(&input)
        var entries: [Entry] = []
        entries.reserveCapacity(min(count, input.count / 3))
        for _ in 0..<count {
            let type = try text(&input)
            let stateKey = try text(&input)
            let id = try text(&input)
            let event = id.isEmpty ? nil : EventID(id)
            guard id.isEmpty || event != nil else { throw .malformed }
            entries.append((StateMapKey(type: type, stateKey: stateKey), event))
        }
        guard input.isEmpty else { throw .malformed }
        return entries
    }

    /// The state of a stored chain: `snapshot` with each of `deltas` applied, oldest first.
    public static func tree(snapshot: [UInt8], deltas: [[UInt8]]) throws(DecodingError) -> StateTree {
        var tree = StateTree(try decode(snapshot).compactMap { entry in entry.event.map { (entry.key, $0) } })
        for delta in deltas {
            for (key, event) in try decode(delta) { tree[key] = event }
        }
        return tree
    }

    private static func append(_ number: Int, to bytes: inout [UInt8]) {
        var rest = UInt64(number)
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        append(text.utf8.count, to: &bytes)
        bytes.append(contentsOf: text.utf8)
    }

    private static func length(_ input: inout ArraySlice<UInt8>) throws(DecodingError) -> Int {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 35, by: 7) {
            guard let byte = input.popFirst() else { throw .truncated }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return Int(value) }
        }
        throw .malformed
    }

    private static func text(_ input: inout ArraySlice<UInt8>) throws(DecodingError) -> String {
        let count = try length(&input)
        guard count <= input.count else { throw .truncated }
        defer { input = input.dropFirst(count) }
        // Strict: repairing bad UTF-8 would silently rename a state key.
        guard let text = String(validating: input.prefix(count), as: UTF8.self) else { throw .malformed }
        return text
    }
}
