import CanonicalJSON
import ClusterConfiguration
import Identifiers
import Media
import OutboundHTTP
import Storage
import TestSupport
import Testing

@Suite struct UploadTests {
    private static let upload = "/_matrix/media/v3/upload"
    private static let create = "/_matrix/media/v1/create"

    @Test func whatIsUploadedComesBackAsItWas() async throws {
        try await MediaWorld.with { world in
            let anna = try await world.person("anna")
            let bert = try await world.person("bert")
            for count in [0, 1, 1_000, 3 << 20] {
                let bytes = someBytes(count)
                let uri = try await world.upload(bytes, by: anna, type: "image/png", name: "a.png")
                #expect(uri.origin.rawValue == TestDatabase.serverName)
                let answer = try await world.download(uri, by: bert)
                #expect(answer.status == 200)
                #expect(answer.body == bytes, "\(count)")
                #expect(answer.head.header("content-type") == "image/png")
                #expect(answer.head.header("content-length") == "\(count)")
                #expect(answer.head.header("content-disposition") == #"inline; filename="a.png""#)
            }
            #expect(world.spooledCount() == 0)
        }
    }

    @Test func olderPathsUploadToo() async throws {
        try await MediaWorld.with { world in
            let anna = try await world.person("anna")
            for version in ["r0", "v1", "v3"] {
                let answer = try await world.send("POST", "/_matrix/media/\(version)/upload", by: anna, body: [1])
                #expect(answer.status == 200, "\(version)")
            }
        }
    }

    @Test func whatSaysNothingOfItselfIsBytes() async throws {
        try await MediaWorld.with { world in
            let anna = try await world.person("anna")
            let uri = try await world.upload([1, 2, 3], by: anna, type: nil)
            let answer = try await world.download(uri, by: anna)
            #expect(answer.head.header("content-type") == "application/octet-stream")
            #expect(answer.head.header("content-disposition") == "attachment")
        }
    }

    @Test func theSameBytesAreKeptOnce() async throws {
        try await MediaWorld.with { world in
            let anna = try await world.person("anna")
            let bytes = someBytes(10_000)
            try await withThrowingTaskGroup(of: MediaURI.self) { group in
                for _ in 0..<6 { group.addTask { try await world.upload(bytes, by: anna) } }
                var seen: Set<MediaURI> = []
                for try await uri in group { seen.insert(uri) }
                #expect(seen.count == 6, "each has an address of its own")
                for uri in seen { #expect(try await world.download(uri, by: anna).body == bytes) }
            }
            let rows = try await world.database.query("SELECT count(*) AS n FROM media_content")
            #expect(try rows[0].int64("n") == 1)
        }
    }

    @Test func filesUpToTheLimitAreTakenAndOneByteMoreIsNot() async throws {
        var options = MediaWorld.Options()
        options.adjust = { $0.uploadBytesMax = 1 << 20 }
        try await MediaWorld.with(options) { world in
            let anna = try await world.person("anna")
            _ = try await world.upload(someBytes(1 << 20), by: anna)
            let declared = try await world.send("POST", Self.upload, by: anna, body: someBytes((1 << 20) + 1))
            #expect(declared.status == 413 && declared.errcode == "M_TOO_LARGE")
            let chunked = try await RawUpload.send(
                to: world, by: anna, pieces: [someBytes(1 << 20), [1]], isChunked: true, isWhole: true)
            #expect(chunked.hasPrefix("HTTP/1.1 413 "), "\(chunked.prefix(200))")
            let fits = try await RawUpload.send(
                to: world, by: anna, pieces: [someBytes(1 << 19), someBytes(1 << 19)], isChunked: true, isWhole: true)
            #expect(fits.hasPrefix("HTTP/1.1 200 "), "\(fits.prefix(200))")
            let config = try await world.send("GET", "/_matrix/client/v1/media/config", by: anna)
            #expect(config.json["m.upload.size"]?.intValue == 1 << 20)
            #expect(try await world.send("GET", "/_matrix/media/v3/config", by: anna).body == config.body)
            #expect(world.spooledCount() == 0)
        }
    }

    @Test(arguments: [true, false]) func anUploadThatBreaksOffLeavesNothing(isChunked: Bool) async throws {
        try await MediaWorld.with { world in
            let anna = try await world.person("anna")
            _ = try await RawUpload.send(
                to: world, by: anna, pieces: [someBytes(300_000), someBytes(1_000)], isChunked: isChunked,
                isWhole: false)
            try await eventually("the file is gone") { world.spooledCount() == 0 }
            let rows = try await world.database.query("SELECT count(*) AS n FROM media")
            #expect(try rows[0].int64("n") == 0)
            #expect(world.objectCount() == 0)
        }
    }

    @Test func aUserMayHaveSoMuchAndNoMore() async throws {
        var options = MediaWorld.Options()
        options.adjust = { $0.userBytesMax = 1_000 }
        try await MediaWorld.with(options) { world in
            let anna = try await world.person("anna")
            let bert = try await world.person("bert")
            let first = try await world.upload(someBytes(600), by: anna)
            let more = try await world.send("POST", Self.upload, by: anna, body: someBytes(401, seed: 2))
            #expect(more.status == 403 && more.errcode == "M_FORBIDDEN")
            _ = try await world.upload(someBytes(400, seed: 3), by: anna)
            #expect(try await world.media.byteCount(of: anna.user) == 1_000)
            #expect(try await world.send("POST", Self.upload, by: anna, body: [1]).status == 403)
            _ = try await world.upload(someBytes(1_000), by: bert)
            // What goes makes room.
            #expect(try await world.media.delete(first))
            _ = try await world.upload(someBytes(600, seed: 4), by: anna)
        }
    }

    @Test func manyAtOnceDoNotGetPastTheQuota() async throws {
        var options = MediaWorld.Options()
        options.adjust = {
            $0.userBytesMax = 1_000
            $0.quotaInfoURL = "https://test.example/quota"
        }
        try await MediaWorld.with(options) { world in
            let anna = try await world.person("anna")
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        try await world.send(
                            "POST", Self.upload, by: anna, body: someBytes(300, seed: UInt64(number))
                        ).status
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.count { $0 == 200 } == 3)
            let refused = try await world.send("POST", Self.upload, by: anna, body: someBytes(300))
            #expect(refused.errcode == "M_USER_LIMIT_EXCEEDED")
            #expect(refused.json["info_uri"]?.stringValue == "https://test.example/quota")
        }
    }

    @Test func uploadsAreRateLimited() async throws {
        var options = MediaWorld.Options()
        options.adjust = { $0.rateLimits = [.mediaCreation: RateLimit(perSecond: 0.001, burst: 2)] }
        try await MediaWorld.with(options) { world in
            let anna = try await world.person("anna")
            _ = try await world.upload([1], by: anna)
            #expect(try await world.send("POST", Self.create, by: anna, body: []).status == 200)
            let refused = try await world.send("POST", Self.upload, by: anna, body: [1])
            #expect(refused.status == 429 && refused.errcode == "M_LIMIT_EXCEEDED")
            #expect(refused.head.header("retry-after") != nil)
        }
    }

    // MARK: In two steps

    private func address(_ world: MediaWorld, by person: MediaWorld.Person) async throws -> MediaURI {
        let answer = try await world.send("POST", Self.create, by: person, body: [])
        #expect(answer.status == 200, "\(answer.text)")
        let expiry = world.clock.now.advanced(by: .seconds(86_400))
        #expect(answer.json["unused_expires_at"]?.intValue == expiry.milliseconds)
        return try #require(answer.json["content_uri"]?.stringValue.flatMap { MediaURI($0) })
    }

    private func put(
        _ world: MediaWorld, _ uri: MediaURI, by person: MediaWorld.Person, _ bytes: [UInt8]
    ) async throws -> HTTPResponse {
        try await world.send(
            "PUT", "\(Self.upload)/\(uri.origin)/\(uri.id)?filename=b.txt", by: person, body: bytes,
            headers: [("Content-Type", "text/plain")])
    }

    @Test func aFileMayComeAfterItsAddress() async throws {
        try await MediaWorld.with { world in
            let anna = try await world.person("anna")
            let bert = try await world.person("bert")
            let uri = try await address(world, by: anna)
            let early = try await world.download(uri, by: bert, query: "?timeout_ms=0")
            #expect(early.status == 504 && early.errcode == "M_NOT_YET_UPLOADED")
            let other = try await put(world, uri, by: bert, [1])
            #expect(other.status == 403 && other.errcode == "M_FORBIDDEN")
            async let waiting = world.download(uri, by: bert, query: "?timeout_ms=20000")
            #expect(try await put(world, uri, by: anna, [1, 2]).status == 200)
            let answer = try await waiting
            #expect(answer.status == 200 && answer.body == [1, 2])
            #expect(answer.head.header("content-disposition") == #"inline; filename="b.txt""#)
            let again = try await put(world, uri, by: anna, [3])
            #expect(again.status == 409 && again.errcode == "M_CANNOT_OVERWRITE_MEDIA")
            #expect(try await world.download(uri, by: anna).body == [1, 2])
        }
    }

    @Test func anAddressIsGivenUpAfterADay() async throws {
        try await MediaWorld.with { world in
            let anna = try await world.person("anna")
            let uri = try await address(world, by: anna)
            world.clock.advance(by: .seconds(86_400))
            for answer in [
                try await put(world, uri, by: anna, [1]), try await world.download(uri, by: anna),
            ] {
                #expect(answer.status == 404 && answer.errcode == "M_NOT_FOUND")
            }
            #expect(try await world.media.deleteExpired(at: world.clock.now) == 1)
            #expect(try await world.media.deleteExpired(at: world.clock.now) == 0)
        }
    }

    @Test func onlySoManyAddressesWaitForTheirFiles() async throws {
        try await MediaWorld.with { world in
            let anna = try await world.person("anna")
            let bert = try await world.person("bert")
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<9 {
                    group.addTask { try await world.send("POST", Self.create, by: anna, body: []).status }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.count { $0 == 200 } == 5)
            #expect(statuses.count { $0 == 429 } == 4)
            let uri = try await address(world, by: bert)
            #expect(try await put(world, uri, by: bert, [1]).status == 200)
            world.clock.advance(by: .seconds(86_401))
            #expect(try await world.send("POST", Self.create, by: anna, body: []).status == 200)
        }
    }

    @Test func anAddressThatNobodyMadeTakesNothing() async throws {
        try await MediaWorld.with { world in
            let anna = try await world.person("anna")
            for path in ["\(TestDatabase.serverName)/abc", "elsewhere.example/abc"] {
                let answer = try await world.send("PUT", "\(Self.upload)/\(path)", by: anna, body: [1])
                #expect(answer.status == 404 && answer.errcode == "M_NOT_FOUND", "\(path)")
            }
        }
    }
}
