import CanonicalJSON
import ClusterHarness
import Foundation
import Identifiers
import TestSupport
import Testing

extension ClusterSuite {
    /// Files on their way while the workers they go through are replaced.
    @Suite struct MediaRollTests {
        static let slowUploads = 6
        static let slowBytes = 600_000
        /// An upload then takes a quarter of a minute: longer than a worker needs to be replaced.
        static let slowBytesPerSecond = 40_000

        @Test(.timeLimit(.minutes(4))) func noUploadFailsWhileItsWorkerDrains() async throws {
            try await Cluster.with(ClusterShape(client: 1, sync: 1, writer: 1, media: 2)) { cluster in
                let painters = try await Population.make(
                    1, named: "painter", on: cluster.server, in: cluster.database)
                let session = try #require(painters.first)
                let before = try await cluster.status().ready("media").map(\.pid)
                #expect(before.count == 2)
                let stop = StopSign()
                let quick = try await withThrowingTaskGroup(of: Int.self) { group in
                    for number in 0..<Self.slowUploads {
                        group.addTask {
                            try await Self.uploadSlowly(number, to: cluster, by: session)
                            return 0
                        }
                    }
                    group.addTask {
                        var count = 0
                        while !stop.isUp {
                            try await Self.uploadAndLook(count, cluster, session)
                            count += 1
                        }
                        return count
                    }
                    group.addTask {
                        try await Self.rollWhileFilesCome(cluster, stop)
                        return 0
                    }
                    return try await group.reduce(0, +)
                }
                let after = try await cluster.status().ready("media").map(\.pid)
                #expect(after.count == 2 && Set(before).isDisjoint(with: after), "not all were replaced")
                print("scenario=media-roll slow=\(Self.slowUploads) quick=\(quick)")
            }
        }

        /// Replaces the workers once all slow uploads are on their way, and sees a worker drain while they are.
        private static func rollWhileFilesCome(_ cluster: Cluster, _ stop: StopSign) async throws {
            defer { stop.raise() }
            try await wait(for: "the slow uploads to begin", within: .seconds(10)) { incoming(cluster) >= slowUploads }
            async let roll: [UInt8] = cluster.apus("roll", "media")
            try await wait(for: "a worker to drain", within: .seconds(30)) {
                try await cluster.status().workers.contains { $0.kind == "media" && $0.phase == "draining" }
            }
            #expect(incoming(cluster) >= slowUploads, "they are still on their way")
            _ = try await roll
        }

        /// How many files are gathered.
        private static func incoming(_ cluster: Cluster) -> Int {
            // No folder: no file has come yet.
            let names = try? FileManager.default.contentsOfDirectory(atPath: cluster.directory + "/media/incoming")
            return names?.count ?? 0
        }

        private static func bytes(_ count: Int, seed: Int) -> [UInt8] {
            var random = SeededRandom(seed: UInt64(seed))
            return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
        }

        private static func uploadSlowly(_ number: Int, to cluster: Cluster, by session: ChatSession) async throws {
            let file = bytes(slowBytes, seed: 1_000_000 + number)
            let path = "\(cluster.directory)/slow-\(number)"
            try Data(file).write(to: URL(fileURLWithPath: path))
            let curl = try ChildProcess.start(
                "/usr/bin/curl",
                [
                    "--silent", "--show-error", "--fail-with-body", "--write-out", "\\n", "--limit-rate",
                    "\(slowBytesPerSecond)", "--header",
                    "Authorization: Bearer \(session.token)", "--header", "Content-Type: image/png", "--header",
                    "Expect:", "--data-binary", "@\(path)", "\(cluster.router.baseURL)/_matrix/media/v3/upload",
                ])
            let status = try await curl.end(within: .seconds(90))
            #expect(status == 0, "slow upload \(number): \(curl.lines)")
            try await eventually("its answer is read") { !curl.lines.isEmpty }
            let answer = try JSONObject.parse(Array(curl.lines.joined().utf8))
            try await look(at: answer, expecting: file, cluster, session)
        }

        private static func uploadAndLook(_ number: Int, _ cluster: Cluster, _ session: ChatSession) async throws {
            let file = bytes(20_000, seed: number)
            let answer = try await cluster.router.answer(
                "POST", "/_matrix/media/v3/upload", body: file, token: session.token)
            #expect(answer.status == 200, "quick upload \(number): \(answer.status)")
            try await look(at: try JSONObject.parse(answer.body), expecting: file, cluster, session)
        }

        private static func look(
            at answer: JSONObject, expecting file: [UInt8], _ cluster: Cluster, _ session: ChatSession
        ) async throws {
            let uri = try #require(answer["content_uri"]?.stringValue.flatMap { MediaURI($0) })
            let found = try await cluster.router.answer(
                "GET", "/_matrix/client/v1/media/download/\(uri.origin)/\(uri.id)", token: session.token)
            #expect(found.status == 200 && found.body == file, "\(uri): \(found.status)")
        }
    }
}
