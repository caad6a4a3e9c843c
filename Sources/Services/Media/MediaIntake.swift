import ObjectStorage
import Storage
import WorkerContracts

/// Brings files into the object store, each content once.
package struct MediaIntake: Sendable {
    let contents: MediaContentStore
    let objects: MediaObjects
    let clock: WallClock

    /// Keeps a finished file, which is used up; for an hour even if nothing refers to it.
    func keep(_ file: SpooledFile) async throws -> MediaContent {
        let digest = file.digest
        if let known = try await contents.claim(digest, at: clock.now()) { return known }
        let key = try await announce(ObjectNames.content(digest))
        let byteCount = file.byteCount
        try await objects.store(file, as: key)
        return try await contents.adopt(key.text, digest: digest, byteCount: byteCount, at: clock.now())
    }

    /// Stores a file that belongs to some content, as a thumbnail does.
    ///
    /// - Returns: its name, which is garbage until something refers to it.
    func keep(_ file: SpooledFile, beside content: MediaContent) async throws -> ObjectKey {
        let key = try await announce(ObjectNames.thumbnail(of: content))
        try await objects.store(file, as: key)
        return key
    }

    private func announce(_ key: ObjectKey) async throws -> ObjectKey {
        try await contents.announce(key.text, at: clock.now())
        return key
    }
}

/// Names of objects: the digest, and what makes each of them another.
///
/// A name is used once: deleting an old object never meets a new one with the same content.
enum ObjectNames {
    static func content(_ digest: [UInt8]) -> ObjectKey { made("\(hexadecimal(digest))-\(unique())") }

    static func thumbnail(of content: MediaContent) -> ObjectKey {
        made("\(hexadecimal(content.digest))-t\(unique())")
    }

    private static func made(_ text: String) -> ObjectKey {
        guard let key = ObjectKey(text) else { preconditionFailure("digits and letters are an object's name") }
        return key
    }

    private static func unique() -> String { String(UInt64.random(in: 0 ... .max), radix: 36) }

    static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
