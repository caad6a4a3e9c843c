import FoundationEssentials
import Glibc

/// A folder in which files are gathered whose names are not known before their last byte.
public struct Spool: Sendable {
    /// A file that is this old belongs to a process that has died.
    static let leftOverAfter = Duration.seconds(86_400)

    let folder: String

    /// - Parameter folder: made when it is not there; nobody else's files may be in it.
    public init(folder: String) { self.folder = folder }

    /// Begins a file.
    public func begin() async throws(ObjectStoreError) -> SpooledFile {
        let path = "\(folder)/\(String(UInt64.random(in: 0 ... .max), radix: 36)).part"
        let folder = folder
        let descriptor = try await FileThreads.run { () -> Result<FileDescriptor, ObjectStoreError> in
            let flags = O_CREAT | O_EXCL | O_RDWR
            let first = FileDescriptor.open(path, flags, mode: 0o600)
            guard case .failure(let error) = first, error.isNoSuchFile else { return first.ofStore }
            return Folders.make(folder).flatMap { FileDescriptor.open(path, flags, mode: 0o600) }.ofStore
        }
        return SpooledFile(path: path, descriptor: descriptor)
    }

    /// Deletes what processes that have died left here.
    public func removeLeftOvers() async throws(ObjectStoreError) {
        let folder = folder
        try await FileThreads.run { () -> Result<Void, ObjectStoreError> in
            // No folder: nothing is left over.
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            for name in names where name.hasSuffix(".part") {
                var status = stat()
                let path = "\(folder)/\(name)"
                guard stat(path, &status) == 0 else { continue }
                let age = time(nil) - status.st_mtim.tv_sec
                if age > Int(Self.leftOverAfter.components.seconds) { unlink(path) }
            }
            return .success(())
        }
    }
}

/// Folders by their paths.
enum Folders {
    /// Makes a folder and those above it, so that they outlive a crash; that they are there is no error.
    static func make(_ path: String) -> Result<Void, FileError> {
        if mkdir(path, 0o700) == 0 { return syncParent(of: path) }
        switch errno {
        case EEXIST: return .success(())
        case ENOENT:
            guard let parent = parent(of: path) else { return .failure(FileError(path)) }
            return make(parent).flatMap {
                mkdir(path, 0o700) == 0 || errno == EEXIST ? syncParent(of: path) : .failure(FileError(path))
            }
        default: return .failure(FileError(path))
        }
    }

    /// Waits until the names in the folder of `path` are on the disk.
    static func syncParent(of path: String) -> Result<Void, FileError> {
        guard let parent = parent(of: path) else { return .success(()) }
        return FileDescriptor.open(parent, O_RDONLY | O_DIRECTORY).flatMap { $0.sync() }
    }

    /// `nil` for a name without a folder, and for the root.
    private static func parent(of path: String) -> String? {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return nil }
        return String(path[..<slash])
    }
}
