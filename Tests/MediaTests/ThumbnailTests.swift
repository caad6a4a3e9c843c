import Foundation
import Identifiers
import Media
import NIOCore
import ObjectStorage
import OutboundHTTP
import Storage
import TestSupport
import Testing

@Suite struct ThumbnailTests {
    func thumbnail(
        _ world: MediaWorld, _ uri: MediaURI, _ query: String, by person: MediaWorld.Person
    ) async throws -> HTTPResponse {
        try await world.send(
            "GET", "/_matrix/client/v1/media/thumbnail/\(uri.origin)/\(uri.id)?\(query)", by: person)
    }

    /// Runs `body` with a world, somebody in it, and pictures.
    func with(
        _ options: MediaWorld.Options = MediaWorld.Options(),
        _ body: (MediaWorld, MediaWorld.Person, TestPictures) async throws -> Void
    ) async throws {
        try await TemporaryFolder.with { folder in
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try await MediaWorld.with(options) { world in
                try await body(world, try await world.person("anna"), TestPictures(folder: folder))
            }
        }
    }

    /// The size of a picture in an answer.
    private func size(of answer: HTTPResponse, _ pictures: TestPictures) async throws -> [Int] {
        #expect(answer.status == 200, "\(answer.text.prefix(200))")
        let size = try await MediaWorld.measure(answer.body, in: pictures.folder)
        #expect(answer.head.header("content-type") == size.type)
        return [size.width, size.height]
    }

    @Test(arguments: [
        (32, 32, "crop", 32, 32), (33, 33, "crop", 96, 96), (96, 96, "crop", 96, 96), (97, 97, "crop", 240, 240),
        (30, 20, "crop", 96, 64), (20, 30, "crop", 64, 96), (300, 100, "crop", 320, 107),
        (5_000, 2_500, "crop", 2_400, 1_200), (1, 10_000, "crop", 1, 2_400), (1, 1, "scale", 320, 240),
        (320, 240, "scale", 320, 240), (320, 241, "scale", 640, 480), (640, 480, "scale", 640, 480),
        (801, 1, "scale", 1_600, 1_200), (9_000, 9_000, "scale", 2_400, 1_800),
    ])
    func fewSizesAnswerAllRequests(width: Int, height: Int, method: String, to: Int, by: Int) {
        let wanted: ThumbnailKind.Method = method == "crop" ? .crop : .scale
        let kind = ThumbnailSize.kind(width: width, height: height, method: wanted, isAnimated: false)
        #expect(kind.width == to && kind.height == by)
    }

    @Test func scaledKeepsTheRatioAndCroppedFills() async throws {
        try await with { world, anna, pictures in
            let uri = try await world.upload(try await pictures.still(1_000, 500, "jpg"), by: anna, type: "image/jpeg")
            let sizes = [
                // Not smaller than asked for on either side.
                ("width=320&height=240&method=scale", [480, 240]), ("width=100&height=100", [480, 240]),
                ("width=32&height=32&method=crop", [32, 32]), ("width=90&height=90&method=crop", [96, 96]),
                ("width=300&height=100&method=crop", [320, 107]),
                // Never enlarged: cut to the ratio that was asked for.
                ("width=640&height=640&method=crop", [500, 500]), ("width=800&height=600&method=scale", [1_000, 500]),
            ]
            for (query, expected) in sizes {
                let answer = try await thumbnail(world, uri, query, by: anna)
                #expect(try await size(of: answer, pictures) == expected, "\(query)")
                #expect(answer.head.header("content-type") == "image/jpeg")
                #expect(answer.head.header("content-disposition") == #"inline; filename="thumbnail.jpeg""#)
                #expect(answer.head.header("x-content-type-options") == "nosniff")
            }
        }
    }

    @Test func aPictureThatIsSmallerIsServedAsItIs() async throws {
        try await with { world, anna, pictures in
            let bytes = try await pictures.still(50, 40, "png")
            let uri = try await world.upload(bytes, by: anna, type: "application/octet-stream")
            for query in ["width=96&height=96&method=crop", "width=800&height=600"] {
                let answer = try await thumbnail(world, uri, query, by: anna)
                #expect(answer.status == 200 && answer.body == bytes)
                #expect(answer.head.header("content-type") == "image/png", "whatever its sender called it")
            }
        }
    }

    @Test func whatCanBeSeenThroughStaysSo() async throws {
        try await with { world, anna, pictures in
            let uri = try await world.upload(try await pictures.transparent(200, 200), by: anna)
            let answer = try await thumbnail(world, uri, "width=32&height=32&method=crop", by: anna)
            #expect(try await size(of: answer, pictures) == [32, 32])
            #expect(answer.head.header("content-type") == "image/png")
        }
    }

    @Test func whatItsMakerTurnedIsTurned() async throws {
        try await with { world, anna, pictures in
            let bytes = TestPictures.turned(try await pictures.still(800, 400, "jpg"))
            let uri = try await world.upload(bytes, by: anna)
            let answer = try await thumbnail(world, uri, "width=320&height=240", by: anna)
            #expect(try await size(of: answer, pictures) == [320, 640])
        }
    }

    @Test func animationsMoveOnlyWhenAskedTo() async throws {
        try await with { world, anna, pictures in
            let bytes = try await pictures.animated(200, 100)
            let uri = try await world.upload(bytes, by: anna, type: "image/gif")
            let marker = Array("ANIM".utf8)
            for (query, expected) in [
                ("method=crop&width=32&height=32", [32, 32]), ("width=20&height=10", [200, 100]),
            ] {
                let still = try await thumbnail(world, uri, "\(query)&animated=false", by: anna)
                #expect(try await size(of: still, pictures) == expected)
                #expect(still.head.header("content-type") == "image/png")
                #expect(try await thumbnail(world, uri, query, by: anna).body == still.body)
            }
            let moving = try await thumbnail(world, uri, "method=crop&width=32&height=32&animated=true", by: anna)
            #expect(try await size(of: moving, pictures) == [32, 32])
            #expect(moving.head.header("content-type") == "image/webp")
            #expect(moving.body.indices.contains { moving.body[$0...].starts(with: marker) })
            // Small enough as it is, and it may move.
            let whole = try await thumbnail(world, uri, "width=320&height=240&animated=true", by: anna)
            #expect(whole.body == bytes)
            let photo = try await world.upload(try await pictures.still(400, 400, "jpg"), by: anna)
            let plain = try await thumbnail(world, photo, "width=96&height=96&method=crop&animated=true", by: anna)
            #expect(plain.head.header("content-type") == "image/jpeg", "what cannot move does not")
        }
    }

    @Test func aThumbnailIsMadeOnceAndGoesWithItsPicture() async throws {
        try await with { world, anna, pictures in
            let uri = try await world.upload(try await pictures.still(400, 300, "jpg"), by: anna)
            let bodies = try await withThrowingTaskGroup(of: [UInt8].self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try await thumbnail(world, uri, "width=32&height=32&method=crop", by: anna).body
                    }
                }
                return try await group.reduce(into: Set<[UInt8]>()) { $0.insert($1) }
            }
            #expect(bodies.count == 1)
            #expect(world.objectCount() == 2)
            let rows = try await world.database.query("SELECT count(*) AS n FROM media_thumbnail")
            #expect(try rows[0].int64("n") == 1)
            #expect(try await world.media.delete(uri))
            world.clock.advance(by: MediaContentStore.grace * 2)
            try await world.sweep()
            #expect(world.objectCount() == 0)
        }
    }

    @Test func whatIsNoPictureGetsAClearError() async throws {
        try await with { world, anna, pictures in
            let jpeg = try await pictures.still(400, 300, "jpg")
            let png = try await pictures.still(400, 300, "png")
            let gif = try await pictures.animated(200, 100)
            let svg = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><image href='/etc/passwd'/></svg>"
            let hostile: [(String, [UInt8], Int, String)] = [
                ("nothing", [], 400, "M_UNKNOWN"), ("text", Array("hello".utf8), 400, "M_UNKNOWN"),
                ("svg", Array(svg.utf8), 400, "M_UNKNOWN"), ("pdf", Array("%PDF-1.4\n".utf8), 400, "M_UNKNOWN"),
                ("ppm", Array("P6 9 9 255\n".utf8), 400, "M_UNKNOWN"),
                ("bomb", TestPictures.bomb(60_000, 60_000), 413, "M_TOO_LARGE"),
                ("one row too many", TestPictures.bomb(10_000, 8_001), 413, "M_TOO_LARGE"),
                ("no pixels", TestPictures.bomb(0, 0), 400, "M_UNKNOWN"),
                ("cut jpeg", Array(jpeg.prefix(jpeg.count / 2)), 400, "M_UNKNOWN"),
                ("cut png", Array(png.prefix(png.count / 2)), 400, "M_UNKNOWN"),
                ("cut gif", Array(gif.prefix(gif.count / 2)) + [0], 400, "M_UNKNOWN"),
                ("jpeg's head", [0xFF, 0xD8, 0xFF] + someBytes(10_000) + [0xFF, 0xD9], 400, "M_UNKNOWN"),
                ("gif's head", Array("GIF89a".utf8) + someBytes(10_000) + [0x3B], 400, "M_UNKNOWN"),
                ("webp's head", Array("RIFF\u{8}\0\0\0WEBPVP8 ".utf8) + someBytes(10_000), 400, "M_UNKNOWN"),
            ]
            for (name, bytes, status, errcode) in hostile {
                let uri = try await world.upload(bytes, by: anna, type: "image/png")
                for _ in 0..<2 {
                    let answer = try await thumbnail(world, uri, "width=32&height=32&method=crop", by: anna)
                    #expect(answer.status == status && answer.errcode == errcode, "\(name): \(answer.status)")
                }
            }
            let uri = try await world.upload(jpeg, by: anna)
            #expect(try await thumbnail(world, uri, "width=32&height=32", by: anna).status == 200)
        }
    }

    @Test func picturesThatLackPixelsAreRefusedHoweverTheyEnd() async throws {
        try await with { world, anna, pictures in
            var cut: [(String, [UInt8])] = []
            var whole: [(String, [UInt8])] = []
            for isInterlaced in [false, true] {
                let jpeg = try await pictures.still(400, 300, "jpg", isInterlaced: isInterlaced)
                let png = try await pictures.still(400, 300, "png", isInterlaced: isInterlaced)
                for count in [40, jpeg.count / 2] {
                    cut.append(("jpeg without \(count)", TestPictures.withoutLast(count, of: jpeg)))
                    cut.append(
                        (
                            "png with \(png.count - count)",
                            TestPictures.keeping(png.count - 200 - count, ofPixelsIn: png)
                        ))
                }
                // Cameras pad, and append films.
                whole.append(("padded jpeg", Array(jpeg.dropLast(2)) + [0, 0, 0, 0, 0xFF, 0xD9]))
                whole.append(("longer jpeg", jpeg + someBytes(1_000)))
                whole.append(("longer png", png + someBytes(1_000)))
                whole.append(("png in one piece", TestPictures.keeping(.max, ofPixelsIn: png)))
            }
            for (name, bytes) in cut {
                let uri = try await world.upload(bytes, by: anna)
                let answer = try await thumbnail(world, uri, "width=320&height=240", by: anna)
                #expect(answer.status == 400 && answer.errcode == "M_UNKNOWN", "\(name): \(answer.status)")
            }
            for (name, bytes) in whole {
                let uri = try await world.upload(bytes, by: anna)
                let answer = try await thumbnail(world, uri, "width=320&height=240", by: anna)
                #expect(answer.status == 200, "\(name): \(answer.status)")
            }
        }
    }

    @Test func asManyPixelsAsMayBeAreMadeSmaller() async throws {
        #expect(Thumbnailer.pixelsMax == 10_000 * 8_000)
        try await with { world, anna, pictures in
            let uri = try await world.upload(try await pictures.blank(10_000, 8_000), by: anna)
            let answer = try await thumbnail(world, uri, "width=32&height=32&method=crop", by: anna)
            #expect(try await size(of: answer, pictures) == [32, 32])
        }
    }

    @Test func longFilmsStandStill() async throws {
        try await with { world, anna, pictures in
            for (frames, type) in [(500, "image/webp"), (501, "image/jpeg")] {
                let uri = try await world.upload(TestPictures.film(40, 40, frames: frames), by: anna)
                let answer = try await thumbnail(world, uri, "width=32&height=32&method=crop&animated=true", by: anna)
                #expect(try await size(of: answer, pictures) == [32, 32])
                #expect(answer.head.header("content-type") == type, "\(frames) frames")
            }
        }
    }

    @Test func filesThatAreTooLargeAreNotLookedInto() async throws {
        try await TemporaryFolder.with { folder in
            // Whatever asks it gets an error.
            try await with(try options("exit 13", in: folder)) { world, anna, _ in
                let uri = try await world.upload([1, 2, 3], by: anna)
                func refusal(of byteCount: Int64, side: Int) async throws -> String {
                    try await world.database.query("UPDATE media_content SET byte_count = $1", byteCount)
                    let answer = try await thumbnail(
                        world, uri, "width=\(side)&height=\(side)&method=crop", by: anna)
                    return "\(answer.status) \(answer.errcode ?? "")"
                }
                #expect(try await refusal(of: (128 << 20) + 1, side: 32) == "413 M_TOO_LARGE")
                #expect(try await refusal(of: 128 << 20, side: 32) == "400 M_UNKNOWN")
                // Another server's is that server's fault.
                try await world.database.query("UPDATE media SET kind = 1")
                #expect(try await refusal(of: (128 << 20) + 1, side: 96) == "502 M_TOO_LARGE")
            }
        }
    }

    @Test func brokenPicturesOfEveryKindLeaveTheWorkerAlive() async throws {
        try await with { world, anna, pictures in
            let whole = [
                try await pictures.still(120, 90, "jpg"), try await pictures.still(120, 90, "png"),
                try await pictures.still(120, 90, "webp"), try await pictures.animated(60, 40),
            ]
            var random = SeededRandom(seed: 5)
            for number in 0..<24 {
                var bytes = whole[number % whole.count]
                for _ in 0..<10 { bytes[Int.random(in: 12..<bytes.count, using: &random)] = UInt8.random(in: 0...255) }
                let uri = try await world.upload(bytes, by: anna)
                let answer = try await thumbnail(world, uri, "width=32&height=32&method=crop&animated=true", by: anna)
                #expect(
                    [200, 400, 413].contains(answer.status), "\(number): \(answer.status) \(answer.text.prefix(99))")
            }
        }
    }

    // MARK: A thumbnailer that misbehaves

    func options(
        _ script: String, in folder: String, processesMax: Int = 2, queueMax: Int = 4,
        durationMax: Duration = .milliseconds(500)
    ) throws -> MediaWorld.Options {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let path = "\(folder)/thumbnailer"
        try "#!/bin/sh\n\(script)\n".write(toFile: path, atomically: true, encoding: .utf8)
        chmod(path, 0o755)
        var options = MediaWorld.Options()
        options.thumbnailer = Thumbnailer(
            executable: path, processesMax: processesMax, queueMax: queueMax, durationMax: durationMax)
        return options
    }

    @Test(arguments: [
        ("kill -SEGV $$", 400, "M_UNKNOWN"), ("kill -KILL $$", 413, "M_TOO_LARGE"),
        ("exec sleep 60", 413, "M_TOO_LARGE"),
        ("while :; do echo yes; done", 413, "M_TOO_LARGE"), ("exec yes", 413, "M_TOO_LARGE"),
        ("exec 1>&-; exec sleep 60", 413, "M_TOO_LARGE"), ("exit 0", 400, "M_UNKNOWN"), ("exit 13", 400, "M_UNKNOWN"),
        ("echo 'image/jpeg one 1'", 400, "M_UNKNOWN"),
    ])
    func whateverTheChildDoesEndsThere(script: String, status: Int, errcode: String) async throws {
        try await TemporaryFolder.with { folder in
            try await with(try options(script, in: folder)) { world, anna, _ in
                let uri = try await world.upload([1, 2, 3], by: anna)
                let answer = try await thumbnail(world, uri, "width=32&height=32", by: anna)
                #expect(answer.status == status && answer.errcode == errcode, "\(answer.status) \(answer.text)")
            }
        }
    }

    @Test func theChildKnowsNothingOfTheWorker() async throws {
        try await TemporaryFolder.with { folder in
            let script = "printf 'image/jpeg 1 1\\n'; env | sort; ls /proc/$$/fd"
            try await with(try options(script, in: folder)) { world, anna, _ in
                let uri = try await world.upload([1, 2, 3], by: anna)
                let answer = try await thumbnail(world, uri, "width=32&height=32", by: anna)
                let lines = answer.text.split(separator: "\n").map(String.init)
                let names = Set(lines.compactMap { $0.contains("=") ? $0.split(separator: "=").first : nil })
                #expect(
                    names.isSubset(of: ["MALLOC_ARENA_MAX", "VIPS_BLOCK_UNTRUSTED", "PWD", "OLDPWD", "SHLVL", "_"]))
                let descriptors = lines.compactMap { Int($0) }
                #expect(descriptors.allSatisfy { $0 <= 3 || $0 == 10 || $0 == 255 }, "the shell's own: \(descriptors)")
            }
        }
    }

    @Test func oldEndpointsShowWhatIsFromBeforeOnly() async throws {
        try await with { world, anna, pictures in
            let uri = try await world.upload(try await pictures.still(200, 200, "jpg"), by: anna)
            let old = "/_matrix/media/v3/thumbnail/\(uri.origin)/\(uri.id)?width=32&height=32&method=crop"
            let refused = try await world.send("GET", old, by: anna)
            #expect(refused.status == 404 && refused.errcode == "M_NOT_FOUND")
            try await world.database.query("UPDATE media SET is_open = true")
            #expect(try await size(of: try await world.send("GET", old), pictures) == [32, 32])
        }
    }
}
