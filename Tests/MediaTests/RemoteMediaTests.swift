import Identifiers
import Media
import NIOCore
import ObjectStorage
import OutboundHTTP
import Storage
import Synchronization
import TestSupport
import Testing

/// Files of other servers, with a source that a test decides.
@Suite struct RemoteMediaTests {
    /// Answers when the gate is open, and counts.
    private final class Source: RemoteMediaSource {
        struct Failure: Error {}

        private let state = Mutex((fetches: 0, isOpen: true, fails: false))
        let byteCount: Int

        init(byteCount: Int) { self.byteCount = byteCount }

        var fetches: Int { state.withLock { $0.fetches } }
        func close() { state.withLock { $0.isOpen = false } }
        func open() { state.withLock { $0.isOpen = true } }
        func setFailing(_ fails: Bool) { state.withLock { $0.fails = fails } }

        func fetch(_ uri: MediaURI, bytesMax: Int64, into file: SpooledFile) async throws -> RemoteMediaOutcome {
            state.withLock { $0.fetches += 1 }
            while !state.withLock({ $0.isOpen }) { try await Task.sleep(for: .milliseconds(5)) }
            if state.withLock({ $0.fails }) { throw Failure() }
            guard !uri.id.rawValue.hasPrefix("none") else { return .notFound }
            guard byteCount <= bytesMax else { return .tooLarge }
            try await file.append(ByteBuffer(bytes: someBytes(byteCount)))
            return .fetched(MediaDescription(contentType: "image/gif", fileName: "remote.gif"))
        }
    }

    private static let path = "\(MediaWorld.downloads)/elsewhere.example"

    private func with(_ source: Source, _ body: (MediaWorld, MediaWorld.Person) async throws -> Void) async throws {
        var options = MediaWorld.Options()
        options.remote = source
        options.adjust = { $0.remoteBytesMax = 10_000 }
        try await MediaWorld.with(options) { world in try await body(world, try await world.person("anna")) }
    }

    @Test func manyWhoAskForAFileFetchItOnce() async throws {
        let source = Source(byteCount: 10_000)
        source.close()
        try await with(source) { world, anna in
            try await withThrowingTaskGroup(of: HTTPResponse.self) { group in
                for _ in 0..<20 { group.addTask { try await world.send("GET", "\(Self.path)/abc", by: anna) } }
                try await eventually("it is asked for") { source.fetches == 1 }
                source.open()
                for try await answer in group {
                    #expect(answer.status == 200 && answer.body == someBytes(10_000))
                    #expect(answer.head.header("content-disposition") == #"inline; filename="remote.gif""#)
                }
            }
            _ = try await world.send("GET", "\(Self.path)/abc", by: anna)
            #expect(source.fetches == 1)
            let uri = try #require(MediaURI("mxc://elsewhere.example/abc"))
            #expect(try await world.media.fetch(uri, at: world.clock.now)?.kind == .remote)
        }
    }

    @Test func whatItsServerDoesNotHaveIsNotFound() async throws {
        let source = Source(byteCount: 1)
        try await with(source) { world, anna in
            for query in ["", "?allow_remote=true"] {
                let answer = try await world.send("GET", "\(Self.path)/none\(query)", by: anna)
                #expect(answer.status == 404 && answer.errcode == "M_NOT_FOUND")
            }
            #expect(source.fetches == 2)
            // Somebody else asks us, and we may be who they ask.
            let answer = try await world.send("GET", "\(Self.path)/abc?allow_remote=false", by: anna)
            #expect(answer.status == 404)
            #expect(source.fetches == 2)
        }
    }

    @Test func whatIsTooLargeIsNotKept() async throws {
        try await with(Source(byteCount: 10_001)) { world, anna in
            let answer = try await world.send("GET", "\(Self.path)/abc", by: anna)
            #expect(answer.status == 502 && answer.errcode == "M_TOO_LARGE")
            #expect(world.objectCount() == 0 && world.spooledCount() == 0)
        }
    }

    @Test func aFailureIsToldToAllAndForgotten() async throws {
        let source = Source(byteCount: 5)
        source.close()
        source.setFailing(true)
        try await with(source) { world, anna in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<5 { group.addTask { try await world.send("GET", "\(Self.path)/abc", by: anna).status } }
                try await eventually("it is asked for") { source.fetches >= 1 }
                source.open()
                for try await status in group { #expect(status == 500) }
            }
            source.setFailing(false)
            #expect(try await world.send("GET", "\(Self.path)/abc", by: anna).status == 200)
        }
    }

    @Test func oldEndpointsFetchNothing() async throws {
        let source = Source(byteCount: 5)
        try await with(source) { world, _ in
            let answer = try await world.send("GET", "/_matrix/media/v3/download/elsewhere.example/abc")
            #expect(answer.status == 404)
            #expect(source.fetches == 0)
        }
    }
}
