import HTTPServer
import MatrixHTTP
import NIOCore

/// A JSON answer around one large array, whose pieces are never joined and may be shared with other answers.
struct PiecewiseAnswer: EndpointAnswer {
    /// What comes before the array's elements, its bracket included.
    let head: String
    /// JSON values, each led by a comma.
    let pieces: [ByteBuffer]
    /// What comes after them, the bracket included.
    let tail: String

    var httpAnswer: HTTPAnswer {
        var buffers = [ByteBuffer(string: head)]
        var isFirst = true
        for var piece in pieces where piece.readableBytes > 0 {
            if isFirst { piece.moveReaderIndex(forwardBy: 1) }
            isFirst = false
            buffers.append(piece)
        }
        buffers.append(ByteBuffer(string: tail))
        return HTTPAnswer(body: .buffers(buffers))
    }
}
