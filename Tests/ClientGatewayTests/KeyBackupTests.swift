import CanonicalJSON
import Identifiers
import Postgres
import Storage
import Testing

/// Server-side key backups: versions, counts, etags, and which of two keys stays.
@Suite struct KeyBackupTests {
    private static let algorithm: JSONValue = "m.megolm_backup.v1.curve25519-aes-sha2"

    private func key(_ index: Int64 = 0, forwarded: Int64 = 0, verified: Bool = false, _ data: String = "d")
        -> JSONValue
    {
        [
            "first_message_index": .int(index), "forwarded_count": .int(forwarded), "is_verified": .bool(verified),
            "session_data": ["ciphertext": .string(data)],
        ]
    }

    private func create(_ scene: RoomScene, _ session: Gateway.Session) async throws -> String {
        let answer = try await scene.post(
            "room_keys/version", ["algorithm": Self.algorithm, "auth_data": ["public_key": "k"]], session)
        #expect(answer.status == 200, "\(answer.body)")
        return try #require(answer.body["version"]?.stringValue)
    }

    private func delete(_ scene: RoomScene, _ path: String, _ session: Gateway.Session) async throws -> Gateway.Answer {
        try await scene.gateway.call("DELETE", "\(RoomScene.v3)/\(path)", token: session.token)
    }

    @Test func versionsComeOneAfterTheOther() async throws {
        try await RoomScene.with { scene in
            let anna = try await scene.gateway.register("anna")
            #expect(try await scene.get("room_keys/version", anna).errcode == "M_NOT_FOUND")
            let first = try await create(scene, anna)
            let second = try await create(scene, anna)
            #expect(first != second)
            let current = try await scene.get("room_keys/version", anna).body
            #expect(current["version"]?.stringValue == second && current["count"] == 0 && current["etag"] == "0")
            #expect(try await scene.get("room_keys/version/\(first)", anna).body["auth_data"] == ["public_key": "k"])
            let changed: JSONObject = ["algorithm": Self.algorithm, "auth_data": ["public_key": "n"]]
            #expect(try await scene.put("room_keys/version/\(second)", changed, anna).status == 200)
            #expect(try await scene.get("room_keys/version", anna).body["auth_data"] == ["public_key": "n"])
            var other = changed
            other["algorithm"] = "another"
            #expect(try await scene.put("room_keys/version/\(second)", other, anna).errcode == "M_INVALID_PARAM")
            other = changed
            other["version"] = .string(first)
            #expect(try await scene.put("room_keys/version/\(second)", other, anna).errcode == "M_INVALID_PARAM")
            #expect(try await scene.put("room_keys/version/99", changed, anna).errcode == "M_NOT_FOUND")
            // Deleted, and deleted again; the one before is the current one, and no number is given twice.
            for _ in 0..<2 { #expect(try await delete(scene, "room_keys/version/\(second)", anna).status == 200) }
            #expect(try await delete(scene, "room_keys/version/99", anna).errcode == "M_NOT_FOUND")
            #expect(try await scene.get("room_keys/version/\(second)", anna).errcode == "M_NOT_FOUND")
            #expect(try await scene.get("room_keys/version", anna).body["version"]?.stringValue == first)
            #expect(try await create(scene, anna) == "3")
            let bert = try await scene.gateway.register("bert")
            #expect(try await scene.get("room_keys/version/\(first)", bert).errcode == "M_NOT_FOUND")
        }
    }

    @Test func keysAreStoredInTheCurrentVersionOnly() async throws {
        try await RoomScene.with { scene in
            let anna = try await scene.gateway.register("anna")
            let body: JSONObject = ["rooms": ["!r:x": ["sessions": ["s": key()]]]]
            let without = try await scene.put("room_keys/keys?version=1", body, anna)
            #expect(without.status == 404 && without.errcode == "M_NOT_FOUND")
            let first = try await create(scene, anna)
            #expect(
                try await scene.put("room_keys/keys?version=\(first)", body, anna).body == ["etag": "1", "count": 1])
            let second = try await create(scene, anna)
            let old = try await scene.put("room_keys/keys?version=\(first)", body, anna)
            #expect(old.status == 403 && old.errcode == "M_WRONG_ROOM_KEYS_VERSION")
            #expect(old.body["current_version"]?.stringValue == second)
            let single = try await scene.put("room_keys/keys/!r:x/s?version=99", key().objectValue ?? [:], anna)
            #expect(single.errcode == "M_WRONG_ROOM_KEYS_VERSION")
            // The older one can be read still.
            #expect(try await scene.get("room_keys/keys?version=\(first)", anna).body == body)
            #expect(try await scene.get("room_keys/keys?version=\(second)", anna).body == ["rooms": [:]])
            #expect(try await scene.get("room_keys/keys/!r:x?version=\(second)", anna).body == ["sessions": [:]])
            #expect(try await scene.get("room_keys/keys/!r:x/s?version=\(second)", anna).errcode == "M_NOT_FOUND")
            #expect(try await scene.get("room_keys/keys?version=99", anna).errcode == "M_NOT_FOUND")
        }
    }

    @Test func theBetterOfTwoKeysStays() async throws {
        try await RoomScene.with { scene in
            let anna = try await scene.gateway.register("anna")
            let version = try await create(scene, anna)
            func put(_ key: JSONValue) async throws -> JSONObject {
                try await scene.put("room_keys/keys/!r:x/s%2Fs?version=\(version)", key.objectValue ?? [:], anna).body
            }
            func stored() async throws -> JSONValue? {
                try await scene.get("room_keys/keys/!r:x/s%2Fs?version=\(version)", anna).body["session_data"]?[
                    "ciphertext"]
            }
            #expect(try await put(key(5, forwarded: 2, "a")) == ["etag": "1", "count": 1])
            // Not better: the same, a later index, more often forwarded. The etag says that nothing has changed.
            for worse in [key(5, forwarded: 2, "b"), key(6, "b"), key(5, forwarded: 3, "b")] {
                #expect(try await put(worse) == ["etag": "1", "count": 1])
            }
            #expect(try await stored() == "a")
            #expect(try await put(key(5, forwarded: 1, "c")) == ["etag": "2", "count": 1])
            #expect(try await put(key(4, forwarded: 9, "d")) == ["etag": "3", "count": 1])
            #expect(try await put(key(9, forwarded: 9, verified: true, "e")) == ["etag": "4", "count": 1])
            #expect(try await put(key(0, "f")) == ["etag": "4", "count": 1])
            #expect(try await stored() == "e")
        }
    }

    @Test func countsFollowWhatIsStoredAndDeleted() async throws {
        try await RoomScene.with { scene in
            let anna = try await scene.gateway.register("anna")
            let version = try await create(scene, anna)
            let one: JSONObject = ["sessions": ["a": key(), "b": key(), "c": key()]]
            #expect(
                try await scene.put("room_keys/keys/!one:x?version=\(version)", one, anna).body
                    == ["etag": "1", "count": 3])
            let two: JSONObject = ["rooms": ["!two:x": .object(one), "!one:x": .object(one)]]
            #expect(
                try await scene.put("room_keys/keys?version=\(version)", two, anna).body == ["etag": "2", "count": 6])
            #expect(
                try await delete(scene, "room_keys/keys/!one:x/a?version=\(version)", anna).body
                    == ["etag": "3", "count": 5])
            #expect(
                try await delete(scene, "room_keys/keys/!one:x/a?version=\(version)", anna).body
                    == ["etag": "3", "count": 5])
            #expect(
                try await delete(scene, "room_keys/keys/!one:x?version=\(version)", anna).body
                    == ["etag": "4", "count": 3])
            let left = try await scene.get("room_keys/keys?version=\(version)", anna).body
            #expect(left["rooms"]?.objectValue?.keys == ["!two:x"])
            #expect(
                try await delete(scene, "room_keys/keys?version=\(version)", anna).body == ["etag": "5", "count": 0])
            #expect(try await scene.get("room_keys/keys?version=\(version)", anna).body == ["rooms": [:]])
            #expect(
                try await scene.put("room_keys/keys/!one:x?version=\(version)", one, anna).body
                    == ["etag": "6", "count": 3])
            #expect(try await delete(scene, "room_keys/keys?version=99", anna).errcode == "M_NOT_FOUND")
        }
    }

    /// Many at once: counts are right, and large backups come whole.
    @Test func keysOfManyDevicesAtOnceAreAllCounted() async throws {
        try await RoomScene.with { scene in
            let anna = try await scene.gateway.register("anna")
            let version = try await create(scene, anna)
            let most = KeyBackupStore.sessionsMax
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<4 {
                    group.addTask {
                        for part in 0..<5 {
                            let sessions = (0..<100).map { ("\(writer)-\(part)-\($0)", key()) }
                            let answer = try await scene.put(
                                "room_keys/keys/!r\(writer):x?version=\(version)",
                                ["sessions": .object(JSONObject(sessions))], anna)
                            #expect(answer.status == 200, "\(answer.body)")
                        }
                    }
                }
                try await group.waitForAll()
            }
            let large = JSONObject((0..<most + 200).map { ("large-\($0)", key()) })
            let stored = try await scene.put(
                "room_keys/keys/!large:x?version=\(version)", ["sessions": .object(large)], anna)
            #expect(stored.body["count"] == .int(Int64(most + 200 + 2_000)))
            let all = try await scene.get("room_keys/keys?version=\(version)", anna).body["rooms"]?.objectValue ?? [:]
            #expect(all.members.reduce(0) { $0 + ($1.value["sessions"]?.objectValue?.count ?? 0) } == most + 2_200)
            let room = try await scene.get("room_keys/keys/!large:x?version=\(version)", anna).body
            #expect(room["sessions"]?.objectValue?.count == most + 200)
        }
    }
}
