import BlockingWork
import FoundationEssentials
import Glibc
import NIOCore
import ObjectStorage
import Storage

/// Why there is no thumbnail.
package enum ThumbnailFailure: Error, Sendable, Equatable {
    /// The file is none of the formats that are taken, or is broken.
    case noPicture
    /// It has too many pixels, or took too long.
    case tooLarge
    /// Too many are being made.
    case busy
}

/// What was made of a picture.
package enum ThumbnailOutcome: Sendable, Equatable {
    case made(type: String, ByteBuffer)
    /// The picture is not larger than what was asked for.
    case original(type: String)
}

/// The size of a picture and its format.
package struct PictureSize: Sendable, Equatable {
    package let type: String
    package let width: Int
    package let height: Int
}

/// Makes thumbnails in processes of their own, a few at a time: what a file does to a decoder ends there.
package struct Thumbnailer: Sendable {
    /// Pictures with more are not decoded: width by height by frames.
    package static let pixelsMax = 80_000_000
    /// The longest a thumbnail may take.
    package static let durationMax = Duration.seconds(20)
    /// The largest thumbnail, in bytes.
    static let outputBytesMax = 16 << 20
    /// Processes at once.
    static let processesMax = 2
    /// Processes at once for the pictures of one owner: there is another for everybody else's.
    static let processesPerOwnerMax = 1
    /// How many may wait for one.
    static let queueMax = 32
    /// How many of one owner's may.
    static let queuePerOwnerMax = 16
    /// The executable, beside the worker's own.
    package static let executableName = "apus-thumbnailer"

    private let executable: String
    private let durationMax: Duration
    private let places: FairPlaces<PictureOwner>
    private let pool: BoundedWorkPool

    package init(
        executable: String, processesMax: Int = processesMax, processesPerOwnerMax: Int = processesPerOwnerMax,
        queueMax: Int = queueMax, queuePerOwnerMax: Int = queuePerOwnerMax, durationMax: Duration = durationMax
    ) {
        self.executable = executable
        self.durationMax = durationMax
        places = FairPlaces(
            .init(
                places: processesMax, placesOfOne: processesPerOwnerMax, waiting: queueMax,
                waitingOfOne: queuePerOwnerMax))
        // Whoever has a place has a thread; one that has just been done with may not be free that very moment.
        pool = BoundedWorkPool(threadsMax: processesMax, queueMax: processesMax)
    }

    /// How many pictures wait for a process.
    package var waitingCount: Int { places.waitingCount }

    /// The executable in the folder of this process's own.
    ///
    /// - Throws: when `/proc` is not there.
    package static func besideThisProcess() throws -> String {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        guard let slash = own.lastIndex(of: "/") else { preconditionFailure("an executable's path has a folder") }
        return String(own[...slash]) + executableName
    }

    /// Makes a thumbnail of a picture of `owner`'s.
    ///
    /// - Throws: ``ThumbnailFailure``.
    package func make(
        _ kind: ThumbnailKind, of file: LocalFile, by owner: PictureOwner
    ) async throws -> ThumbnailOutcome {
        let (status, head, bytes) = try await run(
            [
                "\(kind.width)", "\(kind.height)", kind.method == .crop ? "crop" : "scale",
                kind.isAnimated ? "animated" : "still",
            ], file, owner)
        return status == Self.originalStatus ? .original(type: head.type) : .made(type: head.type, bytes)
    }

    /// How large a picture is, as it is shown.
    ///
    /// - Throws: ``ThumbnailFailure``.
    package func measure(_ file: LocalFile, by owner: PictureOwner) async throws -> PictureSize {
        try await run(["0", "0", "scale", "still"], file, owner).head
    }

    /// Of `apus_thumbnail_outcome`.
    private static let originalStatus: Int32 = 10

    private func run(
        _ words: [String], _ file: LocalFile, _ owner: PictureOwner
    ) async throws -> (status: Int32, head: PictureSize, bytes: ByteBuffer) {
        let child = ThumbnailProcess(
            executable: executable, arguments: words + ["\(Self.pixelsMax)"], inputPath: file.path,
            outputBytesMax: Self.outputBytesMax, durationMax: durationMax)
        let end = try await places.withPlace(of: owner) { await pool.run { child.run() } } ?? nil
        guard let end else { throw ThumbnailFailure.busy }
        // The file is there until the process has read it.
        withExtendedLifetime(file) {}
        switch end {
        case .exited(let status, var output) where status == 0 || status == Self.originalStatus:
            guard let head = Self.head(&output) else { throw ThumbnailFailure.noPicture }
            return (status, head, output)
        case .exited(12, _), .tookTooLong: throw ThumbnailFailure.tooLarge
        case .exited, .died: throw ThumbnailFailure.noPicture
        case .notStarted(let code): throw ThumbnailerMissing(executable: executable, code: code)
        }
    }

    /// Takes the line `TYPE WIDTH HEIGHT` off the front.
    private static func head(_ output: inout ByteBuffer) -> PictureSize? {
        guard let end = output.readableBytesView.prefix(64).firstIndex(of: UInt8(ascii: "\n")),
            let line = output.readString(length: end - output.readerIndex)
        else { return nil }
        output.moveReaderIndex(forwardBy: 1)
        let words = line.split(separator: " ")
        guard words.count == 3, let width = Int(words[1]), let height = Int(words[2]) else { return nil }
        return PictureSize(type: String(words[0]), width: width, height: height)
    }
}

/// The executable that makes thumbnails is not there.
struct ThumbnailerMissing: Error, CustomStringConvertible {
    let executable: String
    let code: Int32
    var description: String { "\(executable) cannot be started: \(String(cString: strerror(code)))" }
}
