import Foundation
import Identifiers
import Media
import NIOCore
import ObjectStorage
import OutboundHTTP
import Storage
import TestSupport
import Testing

/// Who waits for whom when pictures are slow.
extension ThumbnailTests {
    @Test func moreThanWaitAreRefused() async throws {
        try await TemporaryFolder.with { folder in
            let options = try options("exec sleep 60", in: folder, processesMax: 1, queueMax: 1)
            try await with(options) { world, anna, _ in
                var uris: [MediaURI] = []
                for number in 0..<4 { uris.append(try await world.upload([UInt8(number)], by: anna)) }
                let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                    for uri in uris {
                        group.addTask { try await thumbnail(world, uri, "width=32&height=32", by: anna).status }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(statuses.sorted() == [413, 413, 429, 429])
                // Being busy is not remembered.
                for uri in uris {
                    #expect(try await thumbnail(world, uri, "width=32&height=32", by: anna).status == 413)
                }
            }
        }
    }

    /// Where pictures come from that are slow.
    enum SlowOnes: CaseIterable { case user, server }

    /// Slow pictures of another server, by any name.
    private struct SlowServer: RemoteMediaSource {
        func fetch(_ uri: MediaURI, bytesMax: Int64, into file: SpooledFile) async throws -> RemoteMediaOutcome {
            try await file.append(ByteBuffer(string: "slow\n\(uri.id)"))
            return .fetched(MediaDescription(contentType: "image/png", fileName: nil))
        }
    }

    @Test(arguments: SlowOnes.allCases) func slowPicturesOfOneDoNotDelayOthers(_ from: SlowOnes) async throws {
        try await TemporaryFolder.with { folder in
            // Those that say so are slow until a line comes out of the pipe.
            let script = "read kind; [ $kind = slow ] && read go < \(folder)/go; printf 'image/jpeg 1 1\\nx'"
            var options = try options(script, in: folder, durationMax: .seconds(60))
            options.remote = SlowServer()
            try #require(mkfifo("\(folder)/go", 0o600) == 0)
            let go = open("\(folder)/go", O_RDWR)
            defer { close(go) }
            let thumbnailer = try #require(options.thumbnailer)
            try await with(options) { world, anna, _ in
                var slow: [MediaURI] = []
                for number in 0..<4 {
                    let uri =
                        from == .user
                        ? try await world.upload(Array("slow\n\(number)".utf8), by: anna)
                        : try #require(MediaURI("mxc://far.example/\(number)"))
                    slow.append(uri)
                }
                let bert = try await world.person("bert")
                let quick = try await world.upload(Array("quick\n".utf8), by: bert)
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for uri in slow {
                        group.addTask { try await thumbnail(world, uri, "width=32&height=32", by: bert).status }
                    }
                    try await eventually("all but one wait") { thumbnailer.waitingCount == 3 }
                    #expect(try await thumbnail(world, quick, "width=32&height=32", by: anna).status == 200)
                    #expect(thumbnailer.waitingCount == 3)
                    try #require(write(go, "go\ngo\ngo\ngo\n", 12) == 12)
                    for try await status in group { #expect(status == 200) }
                }
            }
        }
    }
}
