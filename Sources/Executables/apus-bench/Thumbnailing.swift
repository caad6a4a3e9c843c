import CanonicalJSON
import ClusterHarness
import Foundation
import Identifiers
import TestSupport

/// Thumbnails of a picture of 12 megapixels, asked for through the router, against the `vipsthumbnail` command.
struct Thumbnailing: Benchmark {
    static let name = "thumbnails"
    static let pictures = 10
    private static let shell = "/bin/sh"

    func run() async throws -> [Figure] {
        let folder = "/tmp/apus-bench-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer {
            // Left-overs in the temporary folder harm nobody.
            try? FileManager.default.removeItem(atPath: folder)
        }
        let picture = try await makePicture(in: folder)
        let command = try await timed {
            let turns = (0..<Self.pictures).map(String.init).joined(separator: " ")
            try await call("for n in \(turns); do vipsthumbnail picture.jpg -s 320x240 -o thumb.jpg; done", in: folder)
        }
        return try await Cluster.with { cluster in
            let session = try await Population.make(1, named: "painter", on: cluster.server, in: cluster.database)[0]
            var paths: [String] = []
            for number in 0..<Self.pictures { paths.append(try await upload(picture, number, cluster, session)) }
            let made = try await timed { for path in paths { try await fetch(path, cluster, session) } }
            let kept = try await timed { for path in paths { try await fetch(path, cluster, session) } }
            let count = Double(Self.pictures)
            return [
                Figure("thumbnail", made / count), Figure("vipsthumbnail", command / count),
                Figure("thumbnail_to_command", made / command, digits: 2), Figure("kept_thumbnail", kept / count),
                Figure("picture_bytes", "\(picture.count)"),
            ]
        }
    }

    private func makePicture(in folder: String) async throws -> [UInt8] {
        try await call(
            """
            vips gaussnoise noise.v 4000 3000 --mean 43 --sigma 40 && vips gaussblur noise.v soft.v 2 \
            && vips linear soft.v bright.v 3 0 && vips cast bright.v grey.v uchar \
            && vips bandjoin 'grey.v grey.v grey.v' rgb.v && vips copy rgb.v picture.jpg --interpretation srgb
            """, in: folder)
        return Array(try Data(contentsOf: URL(fileURLWithPath: folder + "/picture.jpg")))
    }

    private func call(_ script: String, in folder: String) async throws {
        let child = try ChildProcess.start(Self.shell, ["-c", "cd \(folder) && \(script)"])
        guard try await child.end(within: .seconds(120)) == 0 else {
            throw BenchmarkFailure.unexpected("\(script): \(child.lines)")
        }
    }

    /// Uploads the picture with a byte behind its end, so that each is another.
    private func upload(_ picture: [UInt8], _ number: Int, _ cluster: Cluster, _ session: ChatSession) async throws
        -> String
    {
        let answer = try await cluster.router.answer(
            "POST", "/_matrix/media/v3/upload", body: picture + [UInt8(number)], token: session.token)
        guard answer.status == 200,
            let uri = try JSONObject.parse(answer.body)["content_uri"]?.stringValue.flatMap({ MediaURI($0) })
        else { throw BenchmarkFailure.unexpected("upload: \(answer.status)") }
        return "/_matrix/client/v1/media/thumbnail/\(uri.origin)/\(uri.id)?width=320&height=240"
    }

    private func fetch(_ path: String, _ cluster: Cluster, _ session: ChatSession) async throws {
        let answer = try await cluster.router.answer("GET", path, token: session.token)
        guard answer.status == 200 else { throw BenchmarkFailure.unexpected("thumbnail: \(answer.status)") }
    }

    private func timed(_ body: () async throws -> Void) async throws -> Duration {
        let startedAt = ContinuousClock.now
        try await body()
        return startedAt.duration(to: .now)
    }
}
