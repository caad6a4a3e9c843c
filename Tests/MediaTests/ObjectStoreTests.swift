import NIOCore
import ObjectStorage
import OutboundHTTP
import TestSupport
import Testing

/// What every object store does, over a folder and over an S3 server.
@Suite(.serialized) struct ObjectStoreTests {
    enum Kind: String, Sendable, CaseIterable { case folder, s3 }

    private func with(_ kind: Kind, _ body: (any ObjectStore, String) async throws -> Void) async throws {
        try await TemporaryFolder.with { folder in
            switch kind {
            case .folder: try await body(FolderObjectStore(folder: folder), folder)
            case .s3: try await body(try await S3Server.shared.store(spool: folder), folder)
            }
        }
    }

    private func key(_ text: String = "0123456789abcdef-\(UInt64.random(in: 0 ... .max))") throws -> ObjectKey {
        try #require(ObjectKey(text))
    }

    private func file(_ bytes: [UInt8], _ store: any ObjectStore) async throws -> SpooledFile {
        let file = try await store.spool.begin()
        var rest = bytes[...]
        while !rest.isEmpty {
            try await file.append(ByteBuffer(bytes: rest.prefix(100_000)))
            rest = rest.dropFirst(100_000)
        }
        #expect(file.byteCount == Int64(bytes.count))
        return file
    }

    private func read(_ body: ObjectBody?) async throws -> [UInt8]? {
        guard let body else { return nil }
        var bytes: [UInt8] = []
        while let piece = try await body.next() { bytes.append(contentsOf: piece.readableBytesView) }
        return bytes
    }

    @Test(arguments: Kind.allCases) func whatIsStoredIsReadWholeAndInParts(kind: Kind) async throws {
        try await with(kind) { store, _ in
            // Of nothing, of one piece, and of several parts with a smaller last one.
            for count in [0, 700_000, 2 * S3ObjectStore.partBytesMax + 5] {
                let bytes = someBytes(count)
                let key = try key()
                try await store.store(try await file(bytes, store), as: key)
                let whole = try #require(try await store.open(key, range: nil))
                #expect(whole.objectByteCount == Int64(count))
                #expect(try await read(whole) == bytes)
                for range in [0..<0, 0..<min(count, 1), count / 2..<count] {
                    let part = try await store.open(key, range: Int64(range.lowerBound)..<Int64(range.upperBound))
                    #expect(try await read(part) == Array(bytes[range]), "\(range)")
                }
                let local = try #require(try await store.localFile(of: key))
                #expect(try contents(of: local) == bytes)
                try await store.delete(key)
                #expect(try await store.open(key, range: nil) == nil)
                try await store.delete(key)
            }
        }
    }

    @Test(arguments: Kind.allCases) func whatIsNotThereIsNil(kind: Kind) async throws {
        try await with(kind) { store, _ in
            let key = try key()
            #expect(try await store.open(key, range: nil) == nil)
            #expect(try await store.open(key, range: 0..<5) == nil)
            #expect(try await store.localFile(of: key) == nil)
        }
    }

    @Test(arguments: Kind.allCases) func storingTheSameTwiceDoesNoHarm(kind: Kind) async throws {
        try await with(kind) { store, _ in
            let key = try key()
            for _ in 0..<2 { try await store.store(try await file([1, 2, 3], store), as: key) }
            #expect(try await read(store.open(key, range: nil)) == [1, 2, 3])
        }
    }

    @Test(arguments: Kind.allCases) func whatIsNotStoredGoes(kind: Kind) async throws {
        try await with(kind) { store, folder in
            do {
                let file = try await file([1], store)
                #expect(file.digest.count == 32)
            }
            let spool = kind == .folder ? folder + "/incoming" : folder
            // The thread that wrote it may hold it for a moment.
            try await eventually("the file is gone") { entries(of: spool).isEmpty }
        }
    }

    @Test(arguments: ["", "short", "../../../etc/passwd", "abcdefgh/i", "abcdefgh.i", "abcdefgh i", "äbcdefgh"])
    func otherNamesAreNoKeys(text: String) {
        #expect(ObjectKey(text) == nil)
    }

    @Test func aStoreThatRefusesSaysSo() async throws {
        try await TemporaryFolder.with { folder in
            let store = try await S3Server.shared.store(spool: folder, secret: "wrong")
            await #expect(throws: ObjectStoreError.self) { try await store.open(try self.key(), range: nil) }
            do {
                try await store.store(try await file([1], store), as: try key())
                Issue.record("a wrong signature was taken")
            } catch let error as ObjectStoreError {
                #expect("\(error)".contains("SignatureDoesNotMatch"))
            }
        }
    }

    @Test func aStoreThatIsAwayOrBusyIsAskedAgainAndThenUnavailable() async throws {
        try await TemporaryFolder.with { folder in
            try await withScriptedServer { request, responder in
                let isSecond = request.header("x-amz-date") != nil && request.target.hasSuffix("-second")
                try await responder.respond(status: isSecond ? 200 : 503, "x")
            } body: { server in
                let configuration = try #require(
                    S3Configuration(
                        endpoint: server.url, region: "r", bucket: "b", prefix: "p", accessKeyID: "k",
                        secretAccessKey: "s"))
                let store = S3ObjectStore(
                    configuration: configuration, spool: Spool(folder: folder), client: HTTPClient())
                do {
                    _ = try await store.open(try key(), range: nil)
                    Issue.record("it answered")
                } catch ObjectStoreError.unavailable {}
                let body = try #require(try await store.open(try key("abcdefgh-second"), range: nil))
                #expect(try await read(body) == Array("x".utf8))
            }
        }
    }

    /// The examples of "Authenticating Requests (AWS Signature Version 4)" in S3's own documentation.
    @Test func signaturesAreThoseOfTheDocumentation() {
        let signature = S3Signature(
            region: "us-east-1", accessKeyID: "AKIAIOSFODNN7EXAMPLE",
            secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
        let empty = S3Signature.digest([])
        let host = "examplebucket.s3.amazonaws.com"
        let may24th = 1_369_353_600
        func signed(_ request: S3Signature.Request) -> String {
            let headers = signature.headers(for: request, at: may24th)
            return headers.first { $0.name == "Authorization" }?.value.split(separator: "=").last.map(String.init) ?? ""
        }
        #expect(
            signed(
                .init(
                    method: "GET", path: "/test.txt", headers: [("Range", "bytes=0-9")], host: host, bodyDigest: empty))
                == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
        #expect(
            signed(
                .init(
                    method: "PUT", path: "/test%24file.text",
                    headers: [
                        ("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
                    ], host: host, bodyDigest: S3Signature.digest(Array("Welcome to Amazon S3.".utf8))))
                == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
        #expect(
            signed(.init(method: "GET", path: "/", query: [("lifecycle", "")], host: host, bodyDigest: empty))
                == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
        #expect(
            signed(
                .init(
                    method: "GET", path: "/", query: [("prefix", "J"), ("max-keys", "2")], host: host, bodyDigest: empty
                )) == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
    }

    @Test(arguments: [
        ("ftp://a", "b", ""), ("http://", "b", ""), ("http://a/b", "b", ""), ("http://a", "", ""),
        ("http://a", "b/c", ""), ("http://a", "b", "/p"), ("http://a", "b", "p?q"),
    ])
    func settingsThatAreNoPartOfAURLAreRefused(endpoint: String, bucket: String, prefix: String) {
        let made = S3Configuration(
            endpoint: endpoint, region: "r", bucket: bucket, prefix: prefix, accessKeyID: "k", secretAccessKey: "s")
        #expect(made == nil)
    }
}
