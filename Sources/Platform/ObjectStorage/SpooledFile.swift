import Crypto
import Glibc
import NIOCore
import Synchronization

/// A file that grows; it goes when nobody has stored it.
///
/// One task at a time appends to it.
public final class SpooledFile: Sendable {
    private struct State {
        var hash = SHA256()
        var byteCount: Int64 = 0
        var isGone = false
    }

    let path: String
    let descriptor: FileDescriptor
    private let state = Mutex(State())

    init(path: String, descriptor: FileDescriptor) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit {
        if !state.withLock({ $0.isGone }) { unlink(path) }
    }

    public var byteCount: Int64 { state.withLock { $0.byteCount } }

    /// SHA-256 of what it holds, 32 bytes.
    public var digest: [UInt8] { state.withLock { Array($0.hash.finalize()) } }

    public func append(_ bytes: ByteBuffer) async throws(ObjectStoreError) {
        try await FileThreads.run { [self] () -> Result<Void, ObjectStoreError> in
            bytes.withUnsafeReadableBytes { bytes in
                state.withLock { state in
                    state.hash.update(bufferPointer: bytes)
                    state.byteCount += Int64(bytes.count)
                }
                return descriptor.append(bytes).ofStore
            }
        }
    }

    /// Its first bytes, at most `count`.
    public func prefix(_ count: Int) async throws(ObjectStoreError) -> [UInt8] { try await read(at: 0, count: count) }

    /// The file, for programs that take nothing else; it is there as long as this is.
    public var localFile: LocalFile { LocalFile(path: path, held: self) }

    /// Some of its bytes, fewer at the end.
    func read(at offset: Int64, count: Int) async throws(ObjectStoreError) -> [UInt8] {
        try await FileThreads.run { [self] () -> Result<[UInt8], ObjectStoreError> in
            var bytes = [UInt8](repeating: 0, count: count)
            let read = bytes.withUnsafeMutableBytes { descriptor.read(into: $0, at: offset) }
            return read.map { Array(bytes.prefix($0)) }.ofStore
        }
    }

    /// Gives the file a name of its own, in the same file system; both survive a crash.
    ///
    /// Blocks.
    func move(to target: String) -> Result<Void, FileError> {
        descriptor.sync().flatMap {
            guard rename(path, target) == 0 else { return .failure(FileError("rename")) }
            state.withLock { $0.isGone = true }
            return Folders.syncParent(of: target)
        }
    }
}
