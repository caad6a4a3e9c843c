import OutboundHTTP

// Begin, send the parts one after the other, name them all. Until then the object is not there, so a process that dies in
// between leaves nothing to see; the parts go by the bucket's own rule for unfinished uploads. One that fails takes them
// away itself.

/// One large body on its way into a bucket.
struct S3PartsUpload {
    let requests: S3Requests
    let key: ObjectKey
    let file: SpooledFile

    func run() async throws(ObjectStoreError) {
        let upload = try await begin()
        do {
            try await finish(upload, parts: try await sendParts(upload))
        } catch {
            await abort(upload)
            throw error
        }
    }

    private func begin() async throws(ObjectStoreError) -> String {
        var request = S3Requests.Request("POST", key)
        request.query = [("uploads", "")]
        let answer = try Self.accepted(await requests.send(request))
        guard let upload = Self.text(of: "UploadId", in: answer.body) else {
            throw .failed("an upload without an ID")
        }
        return upload
    }

    /// - Returns: the parts' tags, in order.
    private func sendParts(_ upload: String) async throws(ObjectStoreError) -> [String] {
        var tags: [String] = []
        var offset: Int64 = 0
        while offset < file.byteCount {
            var request = S3Requests.Request("PUT", key)
            let bytes = try await file.read(at: offset, count: S3ObjectStore.partBytesMax)
            request.query = [("partNumber", "\(tags.count + 1)"), ("uploadId", upload)]
            request.body = bytes
            let answer = try Self.accepted(await requests.send(request))
            guard let tag = answer.head.header("etag") else { throw .failed("a part without a tag") }
            tags.append(tag)
            offset += Int64(bytes.count)
        }
        return tags
    }

    private func finish(_ upload: String, parts tags: [String]) async throws(ObjectStoreError) {
        let parts = tags.enumerated().map { number, tag in
            "<Part><PartNumber>\(number + 1)</PartNumber><ETag>\(Self.escaped(tag))</ETag></Part>"
        }.joined()
        var request = S3Requests.Request("POST", key)
        request.query = [("uploadId", upload)]
        request.body = Array("<CompleteMultipartUpload>\(parts)</CompleteMultipartUpload>".utf8)
        let answer = try Self.accepted(await requests.send(request))
        // S3 says 200 before it knows.
        if let code = Self.text(of: "Code", in: answer.body) { throw .unavailable(code) }
    }

    private func abort(_ upload: String) async {
        var request = S3Requests.Request("DELETE", key)
        request.query = [("uploadId", upload)]
        // What cannot be taken away now is the bucket's to clean up.
        _ = try? await requests.send(request)
    }

    /// - Throws: for an answer that is no success.
    static func accepted(_ response: HTTPResponse) throws(ObjectStoreError) -> HTTPResponse {
        guard !(200..<300).contains(response.status) else { return response }
        let code = text(of: "Code", in: response.body) ?? ""
        throw .failed("status \(response.status) \(code)")
    }

    /// The text of the first element of a name.
    private static func text(of name: String, in xml: [UInt8]) -> String? {
        let text = String(decoding: xml, as: UTF8.self)
        guard let start = text.firstRange(of: "<\(name)>")?.upperBound,
            let end = text[start...].firstRange(of: "</\(name)>")?.lowerBound
        else { return nil }
        return String(text[start..<end])
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing("\"", with: "&quot;")
    }
}
