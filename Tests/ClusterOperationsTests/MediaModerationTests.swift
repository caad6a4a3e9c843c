import ClusterOperations
import Identifiers
import Postgres
import Storage
import TestSupport
import Testing

struct MediaModerationTests {
    private static let now = Timestamp(milliseconds: 1_800_000_000_000)

    /// Runs `body` with three files of alice's.
    private func with(_ body: (MediaStore, MediaModeration, UserID, [MediaURI]) async throws -> Void) async throws {
        try await TestDatabase.with { test in
            let alice = try #require(UserID("@alice:\(TestDatabase.serverName)"))
            let media = MediaStore(database: test.database)
            let contents = MediaContentStore(database: test.database)
            var files: [MediaURI] = []
            for number in UInt8(1)...3 {
                let uri = try #require(MediaURI("mxc://\(TestDatabase.serverName)/file\(number)"))
                let content = try await contents.adopt("object-\(number)", digest: [number], byteCount: 5, at: Self.now)
                let outcome = try await media.insert(
                    uri, of: alice, MediaDescription(contentType: "image/png", fileName: nil), content,
                    userBytesMax: nil, at: Self.now)
                #expect(outcome == .stored)
                files.append(uri)
            }
            try await body(media, MediaModeration(database: test.database), alice, files)
        }
    }

    @Test func filesAreQuarantinedAndReleased() async throws {
        try await with { media, moderation, alice, files in
            func quarantined() async throws -> [Bool?] {
                var all: [Bool?] = []
                for uri in files { all.append(try await media.fetch(uri, at: Self.now)?.content?.isQuarantined) }
                return all
            }
            #expect(try await moderation.quarantine(.file(files[1]), by: "@admin:test.example") == 1)
            #expect(try await quarantined() == [false, true, false])
            #expect(try await moderation.quarantine(.uploads(alice), by: "@admin:test.example") == 2)
            #expect(try await quarantined() == [true, true, true])
            try await moderation.release(files[0])
            #expect(try await quarantined() == [false, true, true])
            await #expect(throws: MediaModeration.Problem.unknownFile("\(files[0])")) {
                try await moderation.release(files[0])
            }
            await #expect(throws: MediaModeration.Problem.notAUser("admin")) {
                try await moderation.quarantine(.file(files[0]), by: "admin")
            }
        }
    }

    @Test func filesAreDeleted() async throws {
        try await with { media, moderation, alice, files in
            let first = try await moderation.delete(.file(files[0]))
            #expect(first == 1)
            await #expect(throws: MediaModeration.Problem.unknownFile("\(files[0])")) {
                try await moderation.delete(.file(files[0]))
            }
            #expect(try await moderation.delete(.uploads(alice)) == 2)
            for uri in files { #expect(try await media.fetch(uri, at: Self.now) == nil) }
            #expect(try await moderation.delete(.uploads(alice)) == 0)
        }
    }

    @Test func subjectsAreFilesOrUsers() throws {
        let user = try #require(UserID("@a:b.example"))
        let file = try #require(MediaURI("mxc://b.example/c"))
        #expect(try MediaModeration.Subject("@a:b.example") == .uploads(user))
        #expect(try MediaModeration.Subject("mxc://b.example/c") == .file(file))
        for text in ["", "b.example/c", "mxc://b.example/../c", "!room:b.example"] {
            #expect(throws: MediaModeration.Problem.notAFile(text)) { try MediaModeration.Subject(text) }
        }
    }
}
