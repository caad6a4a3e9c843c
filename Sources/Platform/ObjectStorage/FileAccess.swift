import BlockingWork
import Glibc

// Files are read and written by calls that block: on threads of a bounded pool, so that a slow disk delays whoever uses
// it and nobody else.

/// The threads on which files are read and written.
enum FileThreads {
    /// A disk gains nothing from more.
    static let threadsMax = 8
    /// More pieces of files waiting than this are refused: each is of a request that has a place in its class.
    static let queueMax = 4_096

    private static let pool = BoundedWorkPool(threadsMax: threadsMax, queueMax: queueMax)

    /// Does what blocks.
    static func run<Value: Sendable>(
        _ work: @escaping @Sendable () -> Result<Value, ObjectStoreError>
    ) async throws(ObjectStoreError) -> Value {
        guard let result = await pool.run(work) else { throw .unavailable("too much waits for the disk") }
        return try result.get()
    }
}

/// An open file; closed when it goes.
final class FileDescriptor: Sendable {
    let number: Int32

    private init(number: Int32) { self.number = number }

    deinit { close(number) }

    /// Opens a file.
    static func open(_ path: String, _ flags: Int32, mode: mode_t = 0) -> Result<FileDescriptor, FileError> {
        let number = Glibc.open(path, flags | O_CLOEXEC, mode)
        return number < 0 ? .failure(FileError(path)) : .success(FileDescriptor(number: number))
    }

    /// Its length in bytes.
    func byteCount() -> Result<Int64, FileError> {
        var status = stat()
        return fstat(number, &status) == 0 ? .success(Int64(status.st_size)) : .failure(FileError("fstat"))
    }

    /// Writes all of the bytes at the file's end.
    func append(_ bytes: UnsafeRawBufferPointer) -> Result<Void, FileError> {
        var rest = bytes
        while !rest.isEmpty {
            let count = write(number, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return .failure(FileError("write")) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        return .success(())
    }

    /// Reads as many bytes as there are from `offset` on, at most as many as fit.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) -> Result<Int, FileError> {
        while true {
            let count = pread(number, buffer.baseAddress, buffer.count, off_t(offset))
            if count < 0, errno == EINTR { continue }
            return count < 0 ? .failure(FileError("read")) : .success(count)
        }
    }

    /// Waits until what was written is on the disk.
    func sync() -> Result<Void, FileError> {
        fsync(number) == 0 ? .success(()) : .failure(FileError("fsync"))
    }
}

/// What the system says to a file operation.
struct FileError: Error {
    let what: String
    let code: Int32

    init(_ what: String) {
        self.what = what
        code = errno
    }

    var isNoSuchFile: Bool { code == ENOENT }

    var storeError: ObjectStoreError {
        if code == ENOSPC || code == EDQUOT { return .full }
        return .failed("\(what): \(String(cString: strerror(code)))")
    }
}

extension Result where Failure == FileError {
    /// As the store's callers get it.
    var ofStore: Result<Success, ObjectStoreError> { mapError(\.storeError) }
}
