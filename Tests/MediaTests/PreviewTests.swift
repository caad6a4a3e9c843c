import CanonicalJSON
import Foundation
import Identifiers
import Media
import OutboundHTTP
import Storage
import Synchronization
import TestSupport
import Testing

@Suite struct PreviewTests {
    private static let path = "/_matrix/client/v1/media/preview_url"

    /// A site of a test's own: pages by their paths, and how often each was asked for.
    private final class Site: Sendable {
        struct Page: Sendable {
            var status = 200
            var type = "text/html; charset=utf-8"
            var body: [UInt8]
            var headers: [String] = []
        }

        private let pages = Mutex<[String: Page]>([:])
        private let asked = Mutex<[String: Int]>([:])

        func set(_ path: String, _ page: Page) { pages.withLock { $0[path] = page } }
        func set(_ path: String, _ html: String) { set(path, Page(body: Array(html.utf8))) }
        func visits(_ path: String) -> Int { asked.withLock { $0[path] ?? 0 } }

        func answer(_ request: ScriptedHTTPServer.Request, _ responder: ScriptedHTTPServer.Responder) async throws {
            asked.withLock { $0[request.target, default: 0] += 1 }
            let page = pages.withLock { $0[request.target] } ?? Page(status: 404, body: [])
            let lines = [
                "HTTP/1.1 \(page.status) X", "content-length: \(page.body.count)", "content-type: \(page.type)",
            ]
            try await responder.write((lines + page.headers).joined(separator: "\r\n") + "\r\n\r\n")
            try await responder.write(page.body)
        }
    }

    private func with(
        _ networks: [String] = ["127.0.0.1/32"],
        _ body: @escaping @Sendable (MediaWorld, MediaWorld.Person, Site, String) async throws -> Void
    ) async throws {
        let site = Site()
        try await withScriptedServer {
            try await site.answer($0, $1)
        } body: { server in
            var options = MediaWorld.Options()
            options.adjust = { $0.allowedNetworks = networks.compactMap { IPNetwork($0) } }
            try await MediaWorld.with(options) { world in
                try await body(world, try await world.person("anna"), site, server.url)
            }
        }
    }

    private func preview(_ world: MediaWorld, _ url: String, by person: MediaWorld.Person) async throws -> HTTPResponse
    {
        try await world.send("GET", "\(Self.path)?url=\(url.percentEncoded)", by: person)
    }

    @Test func aPageIsShownAsItDescribesItself() async throws {
        try await TemporaryFolder.with { folder in
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let picture = try await TestPictures(folder: folder).still(64, 48, "png")
            try await with { world, anna, site, url in
                site.set(
                    "/page",
                    """
                    <!doctype html><html><head><title>Its title</title>
                    <meta property="og:title" content="Tom &amp; Jerry&#39;s  page"/>
                    <META PROPERTY='og:description' CONTENT='about
                     it'><meta property=og:image content="img/a.png?x=1&amp;y=2">
                    <meta property="og:image:width" content="9999"><meta property="og:secret" content="x">
                    </head><body><p>text</p></body></html>
                    """)
                site.set("/img/a.png?x=1&y=2", Site.Page(type: "image/png", body: picture))
                let answer = try await preview(world, "\(url)/page#part", by: anna)
                #expect(answer.status == 200)
                #expect(answer.json["og:title"]?.stringValue == "Tom & Jerry's page")
                #expect(answer.json["og:description"]?.stringValue == "about it")
                #expect(answer.json["og:secret"] == nil)
                #expect(answer.json["og:image:width"]?.intValue == 64 && answer.json["og:image:height"]?.intValue == 48)
                #expect(answer.json["og:image:type"]?.stringValue == "image/png")
                #expect(answer.json["matrix:image:size"]?.intValue == Int64(picture.count))
                let uri = try #require(answer.json["og:image"]?.stringValue.flatMap { MediaURI($0) })
                #expect(try await world.download(uri, by: anna).body == picture)
                #expect(try await world.media.fetch(uri, at: world.clock.now)?.kind == .preview)
            }
        }
    }

    @Test func aPageThatSaysNothingIsShownAsItLooks() async throws {
        try await with { world, anna, site, url in
            site.set(
                "/plain",
                """
                <title>Seen</title><body><nav><p>menu</nav><script>"<p>no</p>"</script><h1>Head</h1>
                <p>First <b>w</b>ords <i>of</i> <u>it</u>.</p><p>Second.</p><footer><p>small print</footer>
                """)
            let answer = try await preview(world, "\(url)/plain", by: anna)
            #expect(answer.json["og:title"]?.stringValue == "Seen")
            #expect(answer.json["og:description"]?.stringValue == "First words of it. Second.")
            site.set(
                "/untitled",
                """
                <meta name='twitter:title' content=' '><title> </title><h1></h1><h1>Head <b>line</b></h1><h1>No</h1>
                """)
            #expect(try await preview(world, "\(url)/untitled", by: anna).text == #"{"og:title":"Head line"}"#)
            site.set("/empty", "")
            #expect(try await preview(world, "\(url)/empty", by: anna).text == "{}")
            site.set("/other", Site.Page(type: "application/pdf", body: [1, 2, 3]))
            #expect(try await preview(world, "\(url)/other", by: anna).text == "{}")
        }
    }

    @Test func aPageMayBeDescribedElsewhere() async throws {
        try await with { world, anna, site, url in
            site.set(
                "/video", "<link rel=alternate type='application/json+oembed' href='/oembed?url=video'><title>T</title>"
            )
            site.set(
                "/oembed?url=video",
                Site.Page(
                    type: "application/json",
                    body: Array(#"{"type":"video","title":"A film","provider_name":"Films"}"#.utf8)))
            let answer = try await preview(world, "\(url)/video", by: anna)
            #expect(answer.json["og:site_name"]?.stringValue == "Films")
            // One that is broken, or in a network of ours, leaves the rest.
            for href in ["/none", "http://169.254.169.254/x", "file:///etc/passwd"] {
                site.set("/v2", "<link type='application/json+oembed' href='\(href)'><title>T</title>")
                let other = try await preview(world, "\(url)/v2?\(href.utf8.count)", by: anna)
                #expect(other.status == 502 || other.json["og:title"]?.stringValue == "T")
            }
        }
    }

    @Test func aLinkIsLookedAtOnceForAll() async throws {
        try await with { world, anna, site, url in
            site.set("/page", "<title>T</title>")
            try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<10 { group.addTask { try await preview(world, "\(url)/page", by: anna).text } }
                for try await text in group { #expect(text == #"{"og:title":"T"}"#) }
            }
            #expect(site.visits("/page") == 1)
            world.clock.advance(by: .seconds(6 * 3_600 + 1))
            _ = try await preview(world, "\(url)/page", by: anna)
            #expect(site.visits("/page") == 2)
        }
    }

    @Test func otherEncodingsAreRead() async throws {
        try await with { world, anna, site, url in
            let pages: [(String, [UInt8], String)] = [
                ("text/html; charset=iso-8859-1", [0x47, 0x72, 0xFC, 0xDF, 0x65, 0x80], "Grüße€"),
                ("text/html; charset=Shift_JIS", [0x93, 0xFA, 0x96, 0x7B], "日本"),
                ("text/html; charset=koi8-r", [0xED, 0xC9, 0xD2], "Мир"), ("text/html", Array("Grüße".utf8), "Grüße"),
                ("text/html; charset=iso-2022-cn-ext", Array("plain".utf8), "plain"),
                ("text/html", [0x61, 0xFF, 0x62], "a\u{FFFD}b"),
            ]
            for (number, page) in pages.enumerated() {
                let body = Array("<title>".utf8) + page.1 + Array("</title>".utf8)
                site.set("/\(number)", Site.Page(type: page.0, body: body))
                let answer = try await preview(world, "\(url)/\(number)", by: anna)
                #expect(answer.json["og:title"]?.stringValue == page.2, "\(page.0)")
            }
        }
    }

    @Test func hostilePagesAreReadWithinBounds() async throws {
        try await with { world, anna, site, url in
            let deep = String(repeating: "<div><p>", count: 60_000)
            let pieces = String(repeating: "a<b>", count: 120_000)
            let pages = [
                "<title>T</title><h1>" + pieces, "<title>T</title><p>" + pieces,
                "<title>T</title><p>x" + String(repeating: "<p>", count: 160_000),
                "<title>T</title>" + deep, "<title>T</title>" + String(repeating: "<!--", count: 100_000),
                "<title>T</title><a " + String(repeating: "x=1 ", count: 100_000),
                "<title>T</title>" + String(repeating: "<", count: 400_000),
                "<title>T</title><p>" + String(repeating: "&#", count: 200_000),
                "<title>T</title><script>" + String(repeating: "</scrip", count: 60_000),
                "<title>T</title>" + String(repeating: "x", count: 3_000_000),
                "<title>T</title><meta name=description content='\(String(repeating: "y", count: 100_000))'>",
            ]
            for (number, page) in pages.enumerated() {
                site.set("/\(number)", page)
                let began = ContinuousClock.now
                let answer = try await preview(world, "\(url)/\(number)", by: anna)
                #expect(answer.json["og:title"]?.stringValue == "T", "\(number)")
                #expect(answer.body.count < 10_000)
                #expect(began.duration(to: .now) < .seconds(10), "\(number)")
            }
        }
    }

    @Test func redirectsAreFollowedSoFar() async throws {
        try await with { world, anna, site, url in
            for number in 0..<7 {
                site.set(
                    "/\(number)", Site.Page(status: 302, body: [], headers: ["location: \(number + 1)"]))
            }
            site.set("/7", "<title>End</title>")
            #expect(try await preview(world, "\(url)/2", by: anna).json["og:title"]?.stringValue == "End")
            let tooMany = try await preview(world, "\(url)/1", by: anna)
            #expect(tooMany.status == 502 && tooMany.errcode == "M_UNKNOWN")
            #expect(try await preview(world, "\(url)/none", by: anna).status == 502)
        }
    }

    /// What must not be asked, as an address, by redirect, and as what a page points to.
    static let forbidden = [
        "http://127.0.0.1:PORT/x", "http://localhost:PORT/x", "http://127.1:PORT/x", "http://2130706433:PORT/x",
        "http://0x7f000001:PORT/x", "http://0177.0.0.1:PORT/x", "http://0:PORT/x", "http://0.0.0.0:PORT/x",
        "http://[::1]:PORT/x", "http://[::]:PORT/x", "http://[::ffff:127.0.0.1]:PORT/x",
        "http://[::ffff:7f00:1]:PORT/x",
        "http://[::127.0.0.1]:PORT/x", "http://[64:ff9b::7f00:1]:PORT/x", "http://[64:ff9b:1::7f00:1]:PORT/x",
        "http://[2002:7f00:1::]:PORT/x", "http://[fe80::1]:PORT/x", "http://[fc00::1]:PORT/x", "http://10.0.0.1/x",
        "http://172.16.0.1/x", "http://192.168.0.1/x", "http://100.64.0.1/x", "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:169.254.169.254]/x", "http://[64:ff9b::a9fe:a9fe]/x", "http://192.0.2.1/x",
        "http://198.18.0.1/x",
        "http://224.0.0.1/x", "http://255.255.255.255/x", "http://[ff02::1]/x",
    ]

    @Test(arguments: forbidden) func nothingButThePublicInternetIsAsked(address: String) async throws {
        let visits = Atomic<Int>(0)
        try await withScriptedServer { _, responder in
            visits.add(1, ordering: .relaxed)
            try await responder.respond("<title>secret</title>")
        } body: { server in
            let url = try #require(WebURL(address.replacing("PORT", with: "\(server.port)")))
            let visitor = PageVisitor(allowedNetworks: [])
            await #expect(throws: PageFailure.denied) { try await visitor.open(url) }
            #expect(server.connectionCount == 0)
        }
        #expect(visits.load(ordering: .relaxed) == 0)
    }

    @Test(arguments: forbidden + ["file:///etc/passwd", "gopher://127.0.0.1/", "//127.0.0.2/", "ftp://127.0.0.2/"])
    func noHopLeadsThere(address: String) async throws {
        // A network of the operator's is allowed, so that there is somebody to redirect; nothing else is.
        try await with(["127.0.0.1/32"]) { world, anna, site, url in
            let port = url.split(separator: ":").last.map(String.init) ?? ""
            let target = address.replacing("PORT", with: port).replacing("127.0.0.1:", with: "127.0.0.2:")
                .replacing("127.0.0.1]", with: "127.0.0.2]")
                .replacing("localhost", with: "127.0.0.3").replacing("127.1:", with: "127.2:")
                .replacing("2130706433", with: "2130706434").replacing("0x7f000001", with: "0x7f000002")
                .replacing("0177.0.0.1", with: "0177.0.0.2").replacing("ffff:7f00:1]", with: "ffff:7f00:2]")
            site.set("/x", "<title>secret</title>")
            site.set("/go", Site.Page(status: 302, body: [], headers: ["location: \(target)"]))
            let redirected = try await preview(world, "\(url)/go", by: anna)
            #expect(redirected.status == 502, "\(target): \(redirected.text)")
            site.set("/page", "<title>T</title><meta property=og:image content='\(target)'>")
            let page = try await preview(world, "\(url)/page", by: anna)
            #expect(page.text == #"{"og:title":"T"}"#, "\(target)")
            #expect(site.visits("/x") == 0, "\(target)")
        }
    }

    @Test func askingTooOftenIsRefused() async throws {
        try await with { world, anna, site, url in
            site.set("/page", "<title>T</title>")
            let shown = try await preview(world, "\(url)/page", by: anna)
            #expect(shown.status == 200)
        }
        var options = MediaWorld.Options()
        options.adjust = {
            $0.rateLimits = [.previews: .init(perSecond: 0.001, burst: 1)]
        }
        try await MediaWorld.with(options) { world in
            let anna = try await world.person("anna")
            #expect(try await preview(world, "http://127.0.0.1:1/", by: anna).status == 502)
            #expect(try await preview(world, "http://127.0.0.1:1/", by: anna).status == 429)
        }
        options.adjust = { $0.previewsLinks = false }
        try await MediaWorld.with(options) { world in
            let anna = try await world.person("anna")
            let answer = try await preview(world, "http://127.0.0.1:1/", by: anna)
            #expect(answer.status == 404 && answer.errcode == "M_UNRECOGNIZED")
        }
    }
}
