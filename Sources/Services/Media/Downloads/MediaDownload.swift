import HTTPServer
import Identifiers
import MatrixHTTP
import NIOCore
import ObjectStorage
import Storage

/// Answers with a file, or with the part of it that was asked for.
struct MediaDownload: Sendable {
    let finder: MediaFinder
    let objects: MediaObjects
    /// Whether what is here needs no token.
    let isEverythingOpen: Bool

    /// - Parameters:
    ///   - fileName: instead of the file's own.
    ///   - isOpenOnly: whether only what needs no token is there.
    func answer(
        to request: some RequestReading, fileName: String? = nil, isOpenOnly: Bool = false
    ) async throws -> HTTPAnswer {
        let found = try await find(request, isOpenOnly: isOpenOnly)
        let contentType = found.media.contentType
        let tag = EntityTag(found.content.digest)
        var headers =
            MediaHeaders.all + [
                ("Content-Disposition", ContentDisposition.of(contentType, fileName ?? found.media.fileName)),
                ("ETag", tag.text), ("Accept-Ranges", "bytes"),
            ]
        if tag.isAmong(request.raw.header("if-none-match")) {
            return HTTPAnswer(status: 304, contentType: contentType, headers: headers, body: .bytes(ByteBuffer()))
        }
        let byteCount = found.content.byteCount
        switch range(request, of: byteCount, tag) {
        case .whole: return try await body(of: found, nil, headers, status: 200)
        case .part(let range):
            headers.append(("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(byteCount)"))
            return try await body(of: found, range, headers, status: 206)
        case .outside:
            return HTTPAnswer(
                status: 416, headers: [("Content-Range", "bytes */\(byteCount)")],
                body: .bytes(ByteBuffer(string: #"{"errcode":"M_UNKNOWN","error":"The file has no such part."}"#)))
        }
    }

    /// The file a request names, when it is to be served to its caller.
    ///
    /// - Throws: as ``MediaFinder/find(_:wait:mayFetch:)``; `M_INVALID_PARAM` for a wait that is none.
    func find(_ request: some RequestReading, isOpenOnly: Bool) async throws -> FoundMedia {
        let uri = try request.mediaURI()
        let milliseconds = try request.queryInteger("timeout_ms")
        guard milliseconds ?? 0 >= 0 else { throw MatrixError.invalidParam("'timeout_ms' is negative.") }
        let mayFetch = try request.queryBool("allow_remote") ?? true
        let wait = milliseconds.map { Duration.milliseconds(min($0, 3_600_000)) } ?? MediaFinder.waitDefault
        let found = try await finder.find(
            uri, wait: isOpenOnly ? .zero : wait, mayFetch: mayFetch && !isOpenOnly)
        guard !isOpenOnly || found.media.isOpen || isEverythingOpen else { throw MatrixError.mediaNotFound }
        return found
    }

    private func range(_ request: some RequestReading, of byteCount: Int64, _ tag: EntityTag) -> ByteRange {
        // Parts of what has changed meanwhile do not fit together.
        if let condition = request.raw.header("if-range"), !tag.isAmong(condition) { return .whole }
        return ByteRange(request.raw.header("range"), of: byteCount)
    }

    private func body(
        of found: FoundMedia, _ range: Range<Int64>?, _ headers: [(name: String, value: String)], status: Int
    ) async throws -> HTTPAnswer {
        let object = try await objects.open(found.content.objectKey, range: range)
        let byteCount = range.map { Int64($0.count) } ?? found.content.byteCount
        return HTTPAnswer(
            status: status, contentType: found.media.contentType, headers: headers,
            body: .pulled(byteCount: byteCount) { try await object.next() })
    }
}

/// What names one content: its digest.
struct EntityTag: Sendable {
    let text: String

    init(_ digest: [UInt8]) { text = "\"\(ObjectNames.hexadecimal(digest))\"" }

    /// Whether a list of tags has this one.
    func isAmong(_ list: String?) -> Bool {
        guard let list else { return false }
        return list.split(separator: ",").contains { item in
            var item = item.drop { $0 == " " }
            while item.last == " " { item.removeLast() }
            let strong = item.hasPrefix("W/") ? item.dropFirst(2) : item
            return strong.utf8.elementsEqual(text.utf8) || item.utf8.elementsEqual("*".utf8)
        }
    }
}

/// What keeps a browser from taking a file for a page of ours.
enum MediaHeaders {
    /// Spec v1.19, client-server API, "Content repository".
    static let all: [(name: String, value: String)] = [
        (
            "Content-Security-Policy",
            "sandbox; default-src 'none'; script-src 'none'; plugin-types application/pdf; style-src 'unsafe-inline'; "
                + "object-src 'self';"
        ),
        ("X-Content-Type-Options", "nosniff"), ("Cross-Origin-Resource-Policy", "cross-origin"),
        ("Referrer-Policy", "no-referrer"), ("X-Robots-Tag", "noindex, nofollow, noarchive, noimageindex"),
        // Addresses never stand for something else; the token is the reader's own.
        ("Cache-Control", "private, immutable, max-age=86400"),
    ]
}
