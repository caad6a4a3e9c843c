import CLibCurl
import Synchronization

/// Where a transfer's response goes.
///
/// Called on the client's thread, in this order; must not block.
protocol TransferSink: Sendable {
    func head(_ head: HTTPResponseHead)
    func body(_ bytes: UnsafeRawBufferPointer) -> TransferVerdict
    /// Called exactly once, last; `nil` when the response is complete.
    func finish(_ error: HTTPClientError?)
}

/// What a sink says to bytes it is offered.
enum TransferVerdict {
    case taken
    /// Not now: offer the same bytes again after the transfer is resumed.
    case pause
    case tooLarge
}

/// One request on its way.
///
/// Guard: all but `cancelled` is touched by the client's thread only.
final class Transfer: @unchecked Sendable {
    /// The longest sum of all header lines, in bytes.
    static let headerBytesMax = 64 << 10

    let request: HTTPRequest
    let options: TransferOptions
    let sink: any TransferSink
    let cancelled = Atomic<Bool>(false)

    var handle: UnsafeMutableRawPointer?
    var headerList: UnsafeMutablePointer<curl_slist>?
    var addressList: UnsafeMutablePointer<curl_slist>?
    /// Why a callback stopped the transfer; libcurl only knows that it did.
    var failure: HTTPClientError?
    /// Whether the policy kept an address of the host from being tried.
    var sawDeniedAddress = false

    private var head = HTTPResponseHead(status: 0)
    /// Set when the transfer is a mail.
    private var mail: MailDelivery?
    private var headerBytes = 0
    private var headDelivered = false

    init(request: HTTPRequest, mail: MailDelivery? = nil, options: TransferOptions, sink: any TransferSink) {
        self.request = request
        self.mail = mail
        self.options = options
        self.sink = sink
    }

    /// What the transfer sends when it is a mail.
    var delivery: MailDelivery? { mail }

    /// Gives libcurl the next bytes of the mail.
    func readMail(_ buffer: UnsafeMutableRawBufferPointer) -> Int { mail?.read(into: buffer) ?? 0 }

    /// Takes one header line; false stops the transfer.
    func takeHeader(_ line: UnsafeRawBufferPointer) -> Bool {
        headerBytes += line.count
        guard headerBytes <= Self.headerBytesMax else {
            failure = .responseTooLarge
            return false
        }
        let text = String(decoding: line, as: UTF8.self)
        if text.utf8.starts(with: "HTTP/".utf8) {
            // A status line; one of 1xx may come before it.
            let status = text.split(separator: " ", maxSplits: 2).dropFirst().first?.prefix(3)
            head = HTTPResponseHead(status: status.flatMap { Int($0) } ?? 0)
        } else if let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) {
            let value = text[text.utf8.index(after: colon)...]
            head.headers.append((text[..<colon].lowercased(), Self.trimmed(value)))
        } else if head.status >= 200, !headDelivered {
            headDelivered = true
            sink.head(head)
        }
        return true
    }

    /// Takes body bytes; returns what libcurl's write callback shall return.
    func takeBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        switch sink.body(bytes) {
        case .taken: return bytes.count
        case .pause: return Int(CURL_WRITEFUNC_PAUSE)
        case .tooLarge:
            failure = .responseTooLarge
            return -1
        }
    }

    private static func trimmed(_ value: Substring) -> String {
        var bytes = value.utf8[...]
        while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
        while let first = bytes.first, first <= 0x20 { bytes.removeFirst() }
        return String(bytes) ?? ""
    }
}

/// How a transfer connects and how long it may take.
struct TransferOptions: Sendable {
    /// The whole transfer; `nil` for a stream without an end.
    var duration: Duration?
    var connectDuration: Duration
    var addressPolicy: AddressPolicy
    var certificateAuthorityFile: String?
}
