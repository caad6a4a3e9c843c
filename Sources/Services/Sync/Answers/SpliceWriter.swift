import CanonicalJSON
import NIOCore

/// Builds JSON as a row of buffers: small things are written, large ready bytes are put between as they are.
///
/// Every buffer is a write to a socket: what is smaller than one is worth is copied.
struct SpliceWriter {
    /// Ready bytes up to this many are copied.
    static let copiedMax = 4_096

    var json = JSONWriter(reservingBytes: 1_024)
    private var buffers: [ByteBuffer] = []

    /// Puts a value's bytes next.
    mutating func value(_ pieces: [ByteBuffer]) {
        if Self.count(pieces) <= Self.copiedMax {
            json.raw(pieces.lazy.flatMap(\.readableBytesView))
        } else {
            buffers.append(ByteBuffer(bytes: json.handOver()))
            buffers += pieces
        }
    }

    /// Puts elements next into the open array; each element in `pieces` is led by a comma.
    mutating func elements(_ pieces: [ByteBuffer]) {
        var pieces = pieces.filter { $0.readableBytes > 0 }
        guard !pieces.isEmpty else { return }
        // The writer puts the first comma where one is due.
        pieces[0].moveReaderIndex(forwardBy: 1)
        value(pieces)
    }

    /// Everything, in order.
    consuming func finish() -> [ByteBuffer] {
        if !json.bytes.isEmpty { buffers.append(ByteBuffer(bytes: json.bytes)) }
        return buffers
    }

    private static func count(_ pieces: [ByteBuffer]) -> Int { pieces.reduce(0) { $0 + $1.readableBytes } }
}
