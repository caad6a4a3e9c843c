/// Keeps large bodies by name; what is stored is never changed, only deleted.
public protocol ObjectStore: Sendable {
    /// Where bodies are gathered before they are stored here.
    var spool: Spool { get }

    /// Stores a finished file; when it returns, the object outlives a crash.
    ///
    /// The file is used up. Storing the same content under the same key again does no harm.
    func store(_ file: SpooledFile, as key: ObjectKey) async throws(ObjectStoreError)

    /// Opens an object, or a part of it.
    ///
    /// - Parameter range: of bytes, within the object; `nil` for all of it.
    /// - Returns: `nil` when there is none of that name.
    func open(_ key: ObjectKey, range: Range<Int64>?) async throws(ObjectStoreError) -> ObjectBody?

    /// The object as a file of this machine, for programs that take nothing else; `nil` when there is none.
    func localFile(of key: ObjectKey) async throws(ObjectStoreError) -> LocalFile?

    /// Deletes an object; that there is none is no error.
    func delete(_ key: ObjectKey) async throws(ObjectStoreError)
}

/// An object's name: letters, digits, `-` and `_`, so that it is safe in a path and in a URL.
public struct ObjectKey: Sendable, Hashable, CustomStringConvertible {
    /// Folders spread objects by their names' first letters.
    static let bytesMin = 8
    public static let bytesMax = 200

    public let text: String

    /// Takes a name; `nil` when it has other characters, or too few or many.
    public init?(_ text: String) {
        let bytes = text.utf8
        guard (Self.bytesMin...Self.bytesMax).contains(bytes.count), bytes.allSatisfy(Self.isAllowed) else {
            return nil
        }
        self.text = text
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }

    public var description: String { text }
}

/// A file that holds an object's bytes while this lives.
public struct LocalFile: Sendable {
    public let path: String
    /// What keeps the file there.
    let held: (any Sendable)?
}

/// Why an object was not stored, read or deleted.
public enum ObjectStoreError: Error, Equatable, CustomStringConvertible {
    /// The store does not answer, or has too much to do: later it may.
    case unavailable(String)
    /// There is no room.
    case full
    /// The store understands and refuses, or something is wrong with it.
    case failed(String)

    public var description: String {
        switch self {
        case .unavailable(let why): "the object store does not answer: \(why)"
        case .full: "the object store is full"
        case .failed(let why): "the object store refuses: \(why)"
        }
    }
}
