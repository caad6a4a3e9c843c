import HTTPServer
import MatrixHTTP
import NIOCore
import ObjectStorage
import Synchronization

// A body is gathered into pieces that are worth a trip to the disk. Nothing is read ahead: a client sends no faster than
// the disk takes it. One that sends nothing for half a minute, or dribbles for ten minutes, would hold a place that others
// wait for, so it is given up.

/// Reads an upload's body into a file.
struct UploadReceiver: Sendable {
    /// What is written at once, in bytes.
    static let gatheredBytes = 256 << 10
    /// The longest pause between two pieces of a body.
    static let stallMax = Duration.seconds(30)
    /// The longest a body may take.
    static let durationMax = Duration.seconds(600)
    static let tick = Duration.seconds(1)

    let objects: MediaObjects
    let bytesMax: Int64
    let tooLarge: MatrixError
    var stallMax = Self.stallMax
    var durationMax = Self.durationMax

    private final class Progress: Sendable {
        let byteCount = Atomic<Int>(0)
    }

    func receive(_ stream: RequestBodyStream, into file: SpooledFile) async throws {
        let progress = Progress()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await pour(stream, into: file, progress) }
            group.addTask { try await watch(progress) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func pour(_ stream: RequestBodyStream, into file: SpooledFile, _ progress: Progress) async throws {
        var gathered = ByteBuffer()
        var byteCount: Int64 = 0
        for try await piece in stream {
            byteCount += Int64(piece.readableBytes)
            guard byteCount <= bytesMax else { throw tooLarge }
            progress.byteCount.store(Int(byteCount), ordering: .relaxed)
            gathered.writeImmutableBuffer(piece)
            guard gathered.readableBytes >= Self.gatheredBytes else { continue }
            let full = gathered
            gathered = ByteBuffer()
            try await objects.reporting { try await file.append(full) }
        }
        try Task.checkCancellation()
        let rest = gathered
        if rest.readableBytes > 0 { try await objects.reporting { try await file.append(rest) } }
    }

    /// - Throws: when the body does not get on.
    private func watch(_ progress: Progress) async throws {
        let endsAt = ContinuousClock.now + durationMax
        var seen = 0
        var movedAt = ContinuousClock.now
        while true {
            try await Task.sleep(for: min(Self.tick, stallMax / 4))
            let now = ContinuousClock.now
            let byteCount = progress.byteCount.load(ordering: .relaxed)
            if byteCount != seen { (seen, movedAt) = (byteCount, now) }
            guard now < endsAt, movedAt.duration(to: now) < stallMax else {
                throw MatrixError(status: 408, errcode: "M_UNKNOWN", message: "The upload took too long.")
            }
        }
    }
}
