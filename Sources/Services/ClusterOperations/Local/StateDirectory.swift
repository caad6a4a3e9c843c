import FoundationEssentials
import Glibc
import Signing

/// The folder a cluster on one machine keeps everything in, `.apus` unless said otherwise.
///
/// One `apus up` at a time owns it; the others are told who does.
package final class StateDirectory: Sendable {
    package enum Problem: Error, CustomStringConvertible {
        case inUse(String)
        case pathTooLong(String)
        case notRunning(String)

        package var description: String {
            switch self {
            case .inUse(let path): "a cluster is running in \(path) already"
            case .pathTooLong(let path):
                "\(path) is too long: its sockets' paths may have \(StateDirectory.pathBytesMax) bytes"
            case .notRunning(let path): "no cluster is running in \(path); start one with 'apus up'"
            }
        }
    }

    /// Socket paths have 107 bytes in Linux; this leaves room for their names.
    static let pathBytesMax = 80

    package let path: String
    /// Held for the process's life: the kernel lets go of it when the process ends, however it does.
    private let lock: Int32

    private init(path: String, lock: Int32) {
        self.path = path
        self.lock = lock
    }

    deinit { close(lock) }

    /// Makes the folder when it is not there, and takes it.
    package static func take(_ path: String) throws -> StateDirectory {
        let absolute = absolutePath(path)
        guard absolute.utf8.count <= pathBytesMax else { throw Problem.pathTooLong(absolute) }
        try FileManager.default.createDirectory(atPath: absolute, withIntermediateDirectories: true)
        try makeFolder(absolute + "/secrets")
        let lock = open(absolute + "/lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            if lock >= 0 { close(lock) }
            throw Problem.inUse(absolute)
        }
        return StateDirectory(path: absolute, lock: lock)
    }

    package static func absolutePath(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }

    package var workerConfigurationPath: String { path + "/worker.yaml" }
    package var mediaPath: String { path + "/media" }
    package var routerConfigurationPath: String { path + "/haproxy.cfg" }
    package var routerSocketPath: String { path + "/haproxy.sock" }
    package var signingKeyPath: String { path + "/signing.key" }
    package var clusterSecretPath: String { path + "/secrets/cluster" }

    /// The cluster's secret, made on the first start.
    package func clusterSecret() throws -> String { try secret("cluster") }

    /// A secret of that name, made when it is asked for first.
    package func secret(_ name: String) throws -> String {
        let file = "\(path)/secrets/\(name)"
        if FileManager.default.fileExists(atPath: file) {
            return String(try String(contentsOfFile: file, encoding: .utf8).prefix { !$0.isNewline })
        }
        let secret = (0..<32).map { _ in Self.hexadecimal(UInt8.random(in: 0 ... .max)) }.joined()
        try write(secret + "\n", to: "secrets/\(name)")
        return secret
    }

    /// Makes the server's signing key on the first start.
    package func ensureSigningKey() throws {
        guard !FileManager.default.fileExists(atPath: signingKeyPath) else { return }
        let seed = (0..<SigningKey.seedByteCount).map { _ in UInt8.random(in: 0 ... .max) }
        let version = String(UInt32.random(in: 0 ... .max), radix: 36)
        try write(try SigningKey(keyID: "ed25519:a_\(version)", seed: seed).fileLine, to: "signing.key")
    }

    /// Writes a file that only its owner can read, whole or not at all.
    package func write(_ content: String, to name: String) throws {
        let file = "\(path)/\(name)"
        let fresh = file + ".new"
        let descriptor = open(fresh, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CocoaError(.fileWriteUnknown) }
        defer { close(descriptor) }
        let bytes = Array(content.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw CocoaError(.fileWriteUnknown) }
            sent += count
        }
        guard rename(fresh, file) == 0 else { throw CocoaError(.fileWriteUnknown) }
    }

    private static func makeFolder(_ path: String) throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
}
