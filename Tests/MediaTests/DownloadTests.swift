import Identifiers
import Media
import OutboundHTTP
import Storage
import TestSupport
import Testing

@Suite struct DownloadTests {
    @Test func answersCarryWhatKeepsBrowsersSafe() async throws {
        try await MediaWorld.with { world in
            let anna = try await world.person("anna")
            let uri = try await world.upload([1], by: anna)
            let head = try await world.download(uri, by: anna).head
            #expect(
                head.header("content-security-policy")
                    == "sandbox; default-src 'none'; script-src 'none'; plugin-types application/pdf; "
                    + "style-src 'unsafe-inline'; object-src 'self';")
            #expect(head.header("x-content-type-options") == "nosniff")
            #expect(head.header("cross-origin-resource-policy") == "cross-origin")
            #expect(head.header("access-control-allow-origin") == "*")
        }
    }

    @Test(arguments: [
        ("image/png", "inline"), ("IMAGE/PNG", "inline"), ("text/plain; charset=utf-8", "inline"),
        ("video/mp4", "inline"), ("audio/x-flac", "inline"), ("text/html", "attachment"),
        ("image/svg+xml", "attachment"), ("application/pdf", "attachment"), ("application/javascript", "attachment"),
        ("text/plainx", "attachment"), ("", "attachment"),
    ])
    func onlyHarmlessTypesAreShown(type: String, disposition: String) async throws {
        try await MediaWorld.with { world in
            let anna = try await world.person("anna")
            let uri = try await world.upload([1], by: anna, type: type.isEmpty ? nil : type)
            let answer = try await world.download(uri, by: anna)
            #expect(answer.head.header("content-disposition") == disposition)
            #expect(answer.head.header("content-type") == (type.isEmpty ? "application/octet-stream" : type))
        }
    }

    @Test(arguments: [
        ("plain.txt", #"inline; filename="plain.txt""#), ("with space.txt", #"inline; filename="with space.txt""#),
        (#"quo"te\.txt"#, #"inline; filename="quo\"te\\.txt""#),
        ("Grüße.txt", "inline; filename*=utf-8''Gr%C3%BC%C3%9Fe.txt"),
        ("日本.txt", "inline; filename*=utf-8''%E6%97%A5%E6%9C%AC.txt"),
        ("a\r\nSet-Cookie: b", "inline; filename*=utf-8''a%0D%0ASet-Cookie%3A%20b"),
        ("50%.txt", "inline; filename*=utf-8''50%25.txt"), ("nul\u{0}", "inline; filename*=utf-8''nul%00"),
    ])
    func namesComeThroughWhole(name: String, disposition: String) async throws {
        try await MediaWorld.with { world in
            let anna = try await world.person("anna")
            let uri = try await world.upload([1], by: anna, type: "text/plain", name: name)
            #expect(try await world.download(uri, by: anna).head.header("content-disposition") == disposition)
            let other = try await world.upload([1], by: anna, type: "text/plain", name: "other")
            let renamed = try await world.download(other, by: anna, query: "/\(name.percentEncoded)")
            #expect(renamed.head.header("content-disposition") == disposition)
        }
    }

    @Test(arguments: [
        ("bytes=0-0", 206, 0, 1), ("bytes=10-19", 206, 10, 20), ("bytes=990-", 206, 990, 1_000),
        ("bytes=990-5000", 206, 990, 1_000), ("bytes=-10", 206, 990, 1_000), ("bytes=-5000", 206, 0, 1_000),
        ("bytes=0-999", 206, 0, 1_000), ("bytes=1000-", 416, 0, 0), ("bytes=-0", 416, 0, 0),
        ("bytes=5-2", 200, 0, 1_000), ("bytes=a-b", 200, 0, 1_000), ("bytes=-", 200, 0, 1_000),
        ("bytes=0-1,5-6", 200, 0, 1_000), ("lines=0-1", 200, 0, 1_000), ("bytes=99999999999999999999-", 200, 0, 1_000),
    ])
    func partsAreServed(range: String, status: Int, from: Int, to: Int) async throws {
        try await MediaWorld.with { world in
            let anna = try await world.person("anna")
            let bytes = someBytes(1_000)
            let uri = try await world.upload(bytes, by: anna)
            let answer = try await world.download(uri, by: anna, headers: [("Range", range)])
            #expect(answer.status == status)
            switch status {
            case 206:
                #expect(answer.body == Array(bytes[from..<to]))
                #expect(answer.head.header("content-range") == "bytes \(from)-\(to - 1)/1000")
                #expect(answer.head.header("content-length") == "\(to - from)")
            case 416: #expect(answer.head.header("content-range") == "bytes */1000")
            default: #expect(answer.body == bytes)
            }
        }
    }

    @Test func whatAReaderHasIsNotSentAgain() async throws {
        try await MediaWorld.with { world in
            let anna = try await world.person("anna")
            let uri = try await world.upload(someBytes(1_000), by: anna)
            let first = try await world.download(uri, by: anna)
            let tag = try #require(first.head.header("etag"))
            let known = try await world.download(uri, by: anna, headers: [("If-None-Match", "\"x\", \(tag)")])
            #expect(known.status == 304 && known.body.isEmpty)
            let unknown = try await world.download(uri, by: anna, headers: [("If-None-Match", "\"x\"")])
            #expect(unknown.status == 200)
            let part = [("Range", "bytes=0-9")]
            #expect(try await world.download(uri, by: anna, headers: part + [("If-Range", tag)]).status == 206)
            #expect(try await world.download(uri, by: anna, headers: part + [("If-Range", "\"x\"")]).status == 200)
            let head = try await world.send("HEAD", "\(MediaWorld.downloads)/\(uri.origin)/\(uri.id)", by: anna)
            #expect(head.status == 200 && head.body.isEmpty)
            #expect(head.head.header("content-length") == "1000")
        }
    }

    @Test func whatIsNotThereIsNotFound() async throws {
        try await MediaWorld.with { world in
            let anna = try await world.person("anna")
            // Without federation no other server's file is there.
            for path in ["\(TestDatabase.serverName)/none", "elsewhere.example/abc", "elsewhere.example/abc/name"] {
                let answer = try await world.send("GET", "\(MediaWorld.downloads)/\(path)", by: anna)
                #expect(answer.status == 404 && answer.errcode == "M_NOT_FOUND", "\(path)")
            }
            for path in ["\(TestDatabase.serverName)/a.b", "\(TestDatabase.serverName)/%2e%2e%2fx", "a%20b/abc"] {
                let answer = try await world.send("GET", "\(MediaWorld.downloads)/\(path)", by: anna)
                #expect(answer.status == 400 && answer.errcode == "M_INVALID_PARAM", "\(path)")
            }
        }
    }

    @Test func oldEndpointsServeWhatIsFromBeforeOnly() async throws {
        try await MediaWorld.with { world in
            let anna = try await world.person("anna")
            let uri = try await world.upload([1, 2], by: anna)
            let path = "/\(uri.origin)/\(uri.id)"
            for version in ["v3", "r0", "v1"] {
                for old in ["/_matrix/media/\(version)/download\(path)", "/_matrix/media/\(version)/download\(path)/n"]
                {
                    for person in [nil, anna] {
                        let answer = try await world.send("GET", old, by: person)
                        #expect(answer.status == 404 && answer.errcode == "M_NOT_FOUND", "\(old)")
                    }
                }
            }
            // As an import of an older server would.
            try await world.database.query("UPDATE media SET is_open = true")
            let answer = try await world.send("GET", "/_matrix/media/v3/download\(path)/n.png?allow_redirect=true")
            #expect(answer.status == 200 && answer.body == [1, 2])
            #expect(answer.head.header("content-disposition") == #"inline; filename="n.png""#)
        }
    }

    @Test func oldEndpointsServeEverythingWhereThatIsWanted() async throws {
        var options = MediaWorld.Options()
        options.adjust = { $0.downloadsWithoutToken = true }
        try await MediaWorld.with(options) { world in
            let uri = try await world.upload([1, 2], by: try await world.person("anna"))
            let answer = try await world.send("GET", "/_matrix/media/v3/download/\(uri.origin)/\(uri.id)")
            #expect(answer.status == 200 && answer.body == [1, 2])
            let unknown = try await world.send("GET", "/_matrix/media/v3/download/\(uri.origin)/none")
            #expect(unknown.errcode == "M_NOT_FOUND")
            let refused = try await world.send("GET", "\(MediaWorld.downloads)/\(uri.origin)/\(uri.id)")
            #expect(refused.errcode == "M_MISSING_TOKEN")
        }
    }

    @Test func whatSomebodyLooksAtIsNotedOncePerDay() async throws {
        try await MediaWorld.with { world in
            let anna = try await world.person("anna")
            let uri = try await world.upload([1], by: anna)
            let first = try await world.media.fetch(uri, at: world.clock.now)?.accessedAt
            world.clock.advance(by: .seconds(3_600))
            _ = try await world.download(uri, by: anna)
            #expect(try await world.media.fetch(uri, at: world.clock.now)?.accessedAt == first)
            world.clock.advance(by: .seconds(86_400))
            _ = try await world.download(uri, by: anna)
            #expect(try await world.media.fetch(uri, at: world.clock.now)?.accessedAt == world.clock.now)
        }
    }

    @Test func aLostObjectIsNoInternalError() async throws {
        try await MediaWorld.with { world in
            let anna = try await world.person("anna")
            let uri = try await world.upload([1], by: anna)
            let content = try #require(try await world.media.fetch(uri, at: world.clock.now)?.content)
            try await world.objects.delete(try #require(.init(content.objectKey)))
            let answer = try await world.download(uri, by: anna)
            #expect(answer.status == 503)
            #expect(answer.head.header("retry-after") != nil)
        }
    }
}
