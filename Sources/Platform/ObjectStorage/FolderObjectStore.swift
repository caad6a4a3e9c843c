import Glibc
import NIOCore
import Synchronization

// A body is gathered in `incoming`, flushed, then renamed to its name: whoever sees the name sees all of the object,
// after a crash too. Objects are spread over folders by the first four letters of their names, which are those of digests.

/// Objects in a folder, which several processes may share.
public struct FolderObjectStore: ObjectStore {
    public let spool: Spool
    private let folder: String

    public init(folder: String) {
        self.folder = folder
        spool = Spool(folder: folder + "/incoming")
    }

    private func path(of key: ObjectKey) -> (folder: String, file: String) {
        let folder = "\(folder)/objects/\(key.text.prefix(2))/\(key.text.dropFirst(2).prefix(2))"
        return (folder, "\(folder)/\(key.text)")
    }

    public func store(_ file: SpooledFile, as key: ObjectKey) async throws(ObjectStoreError) {
        let (folder, target) = path(of: key)
        try await FileThreads.run { () -> Result<Void, ObjectStoreError> in
            Folders.make(folder).flatMap { file.move(to: target) }.ofStore
        }
    }

    public func open(_ key: ObjectKey, range: Range<Int64>?) async throws(ObjectStoreError) -> ObjectBody? {
        let target = path(of: key).file
        let opened = try await FileThreads.run { () -> Result<(FileDescriptor, Int64)?, ObjectStoreError> in
            switch FileDescriptor.open(target, O_RDONLY) {
            case .success(let descriptor): descriptor.byteCount().map { (descriptor, $0) }.ofStore
            case .failure(let error): error.isNoSuchFile ? .success(nil) : .failure(error.storeError)
            }
        }
        guard let (descriptor, byteCount) = opened else { return nil }
        let reading = FileReading(descriptor: descriptor, range: range ?? 0..<byteCount)
        return ObjectBody(objectByteCount: byteCount) { try await reading.next() }
    }

    public func localFile(of key: ObjectKey) async throws(ObjectStoreError) -> LocalFile? {
        let target = path(of: key).file
        let isThere = try await FileThreads.run { () -> Result<Bool, ObjectStoreError> in
            .success(access(target, R_OK) == 0)
        }
        return isThere ? LocalFile(path: target, held: nil) : nil
    }

    public func delete(_ key: ObjectKey) async throws(ObjectStoreError) {
        let target = path(of: key).file
        try await FileThreads.run { () -> Result<Void, ObjectStoreError> in
            unlink(target) == 0 || errno == ENOENT ? .success(()) : .failure(FileError("unlink").storeError)
        }
    }
}

/// Where somebody is in a file.
private final class FileReading: Sendable {
    private let descriptor: FileDescriptor
    private let rest: Mutex<Range<Int64>>

    init(descriptor: FileDescriptor, range: Range<Int64>) {
        self.descriptor = descriptor
        rest = Mutex(range)
    }

    /// - Throws: when the file is shorter than it was.
    func next() async throws(ObjectStoreError) -> ByteBuffer? {
        let rest = rest.withLock { $0 }
        guard !rest.isEmpty else { return nil }
        let count = Int(min(Int64(rest.count), Int64(ObjectBody.pieceBytesMax)))
        let piece = try await FileThreads.run { [descriptor] () -> Result<ByteBuffer, ObjectStoreError> in
            var buffer = ByteBufferAllocator().buffer(capacity: count)
            var outcome = Result<Int, FileError>.success(0)
            buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { bytes in
                outcome = descriptor.read(
                    into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<count]), at: rest.lowerBound)
                if case .success(let read) = outcome { return read }
                return 0
            }
            return outcome.map { _ in buffer }.ofStore
        }
        guard piece.readableBytes > 0 else { throw .failed("an object is shorter than it was") }
        self.rest.withLock { $0 = (rest.lowerBound + Int64(piece.readableBytes))..<rest.upperBound }
        return piece
    }
}
