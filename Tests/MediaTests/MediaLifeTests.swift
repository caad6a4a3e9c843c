import Housekeeper
import Identifiers
import Media
import ObjectStorage
import OutboundHTTP
import Storage
import TestSupport
import Testing

/// What becomes of files: they are forbidden, deleted, forgotten, and their content goes with the last of them.
@Suite struct MediaLifeTests {
    @Test func contentGoesWithTheLastFileThatStandsForIt() async throws {
        try await MediaWorld.with { world in
            let anna = try await world.person("anna")
            let bert = try await world.person("bert")
            let bytes = someBytes(1_000)
            let (first, second) = (try await world.upload(bytes, by: anna), try await world.upload(bytes, by: bert))
            #expect(world.objectCount() == 1)
            #expect(try await world.media.delete(first))
            #expect(try await !world.media.delete(first))
            world.clock.advance(by: MediaContentStore.grace * 2)
            try await world.sweep()
            #expect(try await world.download(first, by: anna).status == 404)
            #expect(try await world.download(second, by: anna).body == bytes)
            #expect(try await world.media.delete(second))
            try await world.sweep()
            #expect(world.objectCount() == 0)
            #expect(try await world.media.byteCount(of: anna.user) == 0)
            // The same bytes come again, under a name of their own.
            let third = try await world.upload(bytes, by: anna)
            try await world.sweep()
            #expect(try await world.download(third, by: anna).body == bytes)
        }
    }

    @Test func whatIsBeingUploadedIsNotTakenAway() async throws {
        try await MediaWorld.with { world in
            let anna = try await world.person("anna")
            let bytes = someBytes(1_000)
            let uri = try await world.upload(bytes, by: anna)
            world.clock.advance(by: MediaContentStore.grace * 2)
            #expect(try await world.media.delete(uri))
            // Somebody has uploaded the same, and is about to refer to it.
            let contents = MediaContentStore(database: world.database)
            let digest = try #require(try await world.database.query("SELECT digest FROM media_content").first)
            let claimed = try #require(try await contents.claim(digest.bytes("digest"), at: world.clock.now))
            try await world.sweep()
            #expect(world.objectCount() == 1)
            let uploaded = try await world.upload(bytes, by: anna)
            #expect(try await world.media.fetch(uploaded, at: world.clock.now)?.content?.id == claimed.id)
            world.clock.advance(by: MediaContentStore.grace * 2)
            try await world.sweep()
            #expect(try await world.download(uploaded, by: anna).body == bytes)
        }
    }

    @Test func objectsOfWorkersThatDiedAreTakenAway() async throws {
        try await MediaWorld.with { world in
            let anna = try await world.person("anna")
            // Announced and stored, and no more.
            let contents = MediaContentStore(database: world.database)
            let key = try #require(ObjectKey("0123456789-lost"))
            try await contents.announce(key.text, at: world.clock.now)
            let file = try await world.objects.spool.begin()
            try await world.objects.store(file, as: key)
            // Content without a file: the quota refused it.
            let other = try #require(ObjectKey("0123456789-unused"))
            try await contents.announce(other.text, at: world.clock.now)
            try await world.objects.store(try await world.objects.spool.begin(), as: other)
            _ = try await contents.adopt(other.text, digest: [1], byteCount: 0, at: world.clock.now)
            _ = try await world.upload([1], by: anna)
            try await world.sweep()
            #expect(world.objectCount() == 3, "they may be on their way")
            world.clock.advance(by: MediaContentStore.grace + .seconds(1))
            try await world.sweep()
            #expect(world.objectCount() == 1)
        }
    }

    @Test func theSlowerOfTwoThatStoreTheSameLeavesGarbage() async throws {
        try await MediaWorld.with { world in
            let contents = MediaContentStore(database: world.database)
            let now = world.clock.now
            for name in ["0123456789-a", "0123456789-b"] { try await contents.announce(name, at: now) }
            let first = try await contents.adopt("0123456789-a", digest: [7], byteCount: 3, at: now)
            let second = try await contents.adopt("0123456789-b", digest: [7], byteCount: 3, at: now)
            #expect(first == second && first.objectKey == "0123456789-a")
            let garbage = MediaGarbageStore(database: world.database)
            let later = now.advanced(by: MediaContentStore.grace)
            #expect(try await garbage.due(at: later) == ["0123456789-b"])
        }
    }

    @Test func quarantineIsOfTheContent() async throws {
        try await MediaWorld.with { world in
            let anna = try await world.person("anna")
            let bert = try await world.person("bert")
            let bytes = someBytes(100)
            let (first, second) = (try await world.upload(bytes, by: anna), try await world.upload(bytes, by: bert))
            let other = try await world.upload(someBytes(100, seed: 2), by: bert)
            #expect(try await world.media.quarantine(first, by: bert.user))
            #expect(try await !world.media.quarantine(try #require(MediaURI("mxc://test.example/no")), by: bert.user))
            let third = try await world.upload(bytes, by: anna)
            for uri in [first, second, third] {
                let answer = try await world.download(uri, by: anna)
                #expect(answer.status == 404 && answer.errcode == "M_NOT_FOUND")
            }
            #expect(try await world.download(other, by: anna).status == 200)
            #expect(try await world.media.release(third))
            #expect(try await !world.media.release(third))
            #expect(try await world.download(first, by: anna).status == 200)
            #expect(try await world.media.quarantineSome(of: bert.user, by: anna.user) == 2)
            #expect(try await world.download(other, by: anna).status == 404)
            #expect(try await world.media.quarantineSome(of: bert.user, by: anna.user) == 0)
        }
    }

    @Test func quarantinedContentOutlivesItsFiles() async throws {
        try await MediaWorld.with { world in
            let anna = try await world.person("anna")
            let bytes = someBytes(100)
            let uri = try await world.upload(bytes, by: anna)
            #expect(try await world.media.quarantine(uri, by: anna.user))
            #expect(try await world.media.delete(uri))
            world.clock.advance(by: MediaContentStore.grace * 2)
            try await world.sweep()
            let again = try await world.upload(bytes, by: anna)
            #expect(try await world.download(again, by: anna).status == 404)
        }
    }

    @Test func aUsersFilesGoTogether() async throws {
        try await MediaWorld.with { world in
            let anna = try await world.person("anna")
            let bert = try await world.person("bert")
            for seed in 1...3 { _ = try await world.upload(someBytes(10, seed: UInt64(seed)), by: anna) }
            let other = try await world.upload(someBytes(10, seed: 1), by: bert)
            #expect(try await world.media.deleteSome(of: anna.user) == 3)
            #expect(try await world.media.deleteSome(of: anna.user) == 0)
            #expect(try await world.media.byteCount(of: anna.user) == 0)
            #expect(try await world.download(other, by: bert).status == 200)
        }
    }

    @Test func filesNobodyLooksAtGoWhenTheirTimeIsOver() async throws {
        try await MediaWorld.with { world in
            let anna = try await world.person("anna")
            let own = try await world.upload([1], by: anna)
            let contents = MediaContentStore(database: world.database)
            let digest = try #require(try await world.database.query("SELECT digest FROM media_content").first)
            let content = try #require(try await contents.claim(digest.bytes("digest"), at: world.clock.now))
            let remote = try #require(MediaURI("mxc://elsewhere.example/a"))
            let seen = try #require(MediaURI("mxc://elsewhere.example/b"))
            let picture = try #require(MediaURI("mxc://test.example/picture"))
            let description = MediaDescription(contentType: "image/png", fileName: nil)
            for (uri, kind) in [(remote, MediaKind.remote), (seen, .remote), (picture, .preview)] {
                try await world.media.insert(uri, kind, description, content, at: world.clock.now)
            }
            world.clock.advance(by: .seconds(6 * 86_400))
            try await world.media.noteUse(of: seen, at: world.clock.now)
            world.clock.advance(by: .seconds(86_401))
            func run(_ remoteLife: Duration?, _ localLife: Duration?) async throws {
                let job = MediaRetentionJob(
                    media: world.media, remoteLife: remoteLife, localLife: localLife, clock: world.clock.clock)
                #expect(try await job.step(from: nil) == .finished)
            }
            func isThere(_ uri: MediaURI) async throws -> Bool {
                try await world.media.fetch(uri, at: world.clock.now) != nil
            }
            try await run(nil, nil)
            for uri in [remote, seen, own] { #expect(try await isThere(uri)) }
            #expect(try await !isThere(picture))
            try await run(.seconds(5 * 86_400), nil)
            #expect(try await !isThere(remote))
            for uri in [seen, own] { #expect(try await isThere(uri)) }
            try await run(nil, .seconds(5 * 86_400))
            #expect(try await !isThere(own))
        }
    }

    /// Keeps files that can be fetched again, the first a day older than the next.
    private func keepCached(
        _ files: [(name: String, kind: MediaKind, byteCount: Int64)], in world: MediaWorld
    ) async throws {
        let contents = MediaContentStore(database: world.database)
        for file in files {
            let key = "0123456789-\(file.name)"
            let content = try await contents.adopt(
                key, digest: Array(file.name.utf8), byteCount: file.byteCount, at: world.clock.now)
            let uri = try #require(MediaURI("mxc://elsewhere.example/\(file.name)"))
            let description = MediaDescription(contentType: "image/png", fileName: nil)
            for _ in 0..<2 {
                try await world.media.insert(uri, file.kind, description, content, at: world.clock.now)
            }
            world.clock.advance(by: .seconds(86_400))
        }
    }

    @Test func whatCanBeFetchedAgainStaysWithinItsSize() async throws {
        try await MediaWorld.with { world in
            let anna = try await world.person("anna")
            let own = try await world.upload(someBytes(1_000), by: anna)
            try await keepCached(
                [
                    ("a", .remote, 100), ("b", .preview, 50), ("c", .remote, 30), ("d", .preview, 20),
                    ("e", .remote, 10),
                ], in: world)
            #expect(try await world.media.cachedByteCount() == 210, "what is kept twice counts once")
            func left(within bytesMax: Int64) async throws -> String {
                let job = MediaCacheJob(media: world.media, bytesMax: bytesMax)
                #expect(try await job.step(from: nil) == .finished)
                let rows = try await world.database.query(
                    "SELECT coalesce(string_agg(media_id, '' ORDER BY media_id), '') AS ids FROM media WHERE kind > 0")
                return try rows[0].text("ids")
            }
            #expect(try await left(within: 210) == "abcde")
            #expect(try await left(within: 209) == "bcde")
            // Somebody has looked at it since.
            let seen = try #require(MediaURI("mxc://elsewhere.example/b"))
            try await world.media.noteUse(of: seen, at: world.clock.now)
            #expect(try await left(within: 80) == "bde")
            #expect(try await world.media.cachedByteCount() == 80)
            // Evidence stays, whatever it takes.
            #expect(try await world.media.quarantine(seen, by: anna.user))
            #expect(try await left(within: 1) == "b")
            #expect(try await world.media.fetch(own, at: world.clock.now) != nil)
            #expect(try await world.media.delete(seen))
            #expect(try await world.media.cachedByteCount() == 0)
        }
    }

    @Test func aThumbnailOfWhatHasGoneIsNotKept() async throws {
        try await MediaWorld.with { world in
            let contents = MediaContentStore(database: world.database)
            let content = try await contents.adopt("0123456789-a", digest: [1], byteCount: 1, at: world.clock.now)
            try await world.database.query("DELETE FROM media_content")
            let thumbnails = ThumbnailStore(database: world.database)
            let kind = ThumbnailSize.kind(width: 32, height: 32, method: .crop, isAnimated: false)
            try await contents.announce("0123456789-t", at: world.clock.now)
            let thumbnail = StoredThumbnail(contentType: "image/png", objectKey: "0123456789-t", byteCount: 1)
            try await thumbnails.insert(thumbnail, as: kind, of: content)
            let later = world.clock.now.advanced(by: MediaContentStore.grace)
            #expect(try await MediaGarbageStore(database: world.database).due(at: later) == ["0123456789-t"])
        }
    }

    @Test func thumbnailsOfAPictureAreBounded() async throws {
        try await MediaWorld.with { world in
            let contents = MediaContentStore(database: world.database)
            let content = try await contents.adopt("0123456789-a", digest: [1], byteCount: 1, at: world.clock.now)
            let thumbnails = ThumbnailStore(database: world.database)
            for side in 1...ThumbnailStore.keptMax + 1 {
                let kind = ThumbnailKind(width: side, height: 1, method: .crop, isAnimated: false)
                try await thumbnails.insert(
                    StoredThumbnail(contentType: "image/png", objectKey: "0123456789-\(side)", byteCount: 1), as: kind,
                    of: content)
            }
            let rows = try await world.database.query("SELECT count(*) AS n FROM media_thumbnail")
            #expect(try rows[0].int64("n") == Int64(ThumbnailStore.keptMax))
        }
    }

    @Test func addressesWithoutFilesAndOldPreviewsAreSweptAway() async throws {
        try await MediaWorld.with { world in
            let anna = try await world.person("anna")
            _ = try await world.send("POST", "/_matrix/media/v1/create", by: anna, body: [])
            let previews = PreviewStore(database: world.database)
            try await previews.upsert([1], [2], expiresAt: world.clock.now.advanced(by: .seconds(60)))
            #expect(try await previews.fetch([1], at: world.clock.now) == [2])
            let job = MediaExpiryJob(media: world.media, previews: previews, clock: world.clock.clock)
            #expect(try await job.step(from: nil) == .finished)
            func left() async throws -> Int64 {
                let rows = try await world.database.query(
                    "SELECT (SELECT count(*) FROM media) + (SELECT count(*) FROM url_preview) AS n")
                return try rows[0].int64("n")
            }
            #expect(try await left() == 2)
            world.clock.advance(by: .seconds(86_400))
            #expect(try await previews.fetch([1], at: world.clock.now) == nil)
            #expect(try await job.step(from: nil) == .finished)
            #expect(try await left() == 0)
        }
    }
}
