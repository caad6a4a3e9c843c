import CanonicalJSON
import Identifiers
import Postgres
import RoomWriter
import Storage
import TestSupport
import Testing
import WorkerContracts

/// One-time, fallback and cross-signing keys in the order of their user's shard.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct KeyTests {
    private static let algorithm = "signed_curve25519"

    private func keys(_ range: Range<Int>, tag: String = "") throws -> [(id: KeyID, key: JSONValue)] {
        try range.map { number in
            (try #require(KeyID("\(Self.algorithm):K\(100 + number)")), ["key": .string("\(number)\(tag)")])
        }
    }

    private func upload(
        _ writers: TestWriters, _ user: UserID, _ device: String = "ONE", identity: JSONObject? = nil,
        oneTime: [(id: KeyID, key: JSONValue)] = [], fallback: [(id: KeyID, key: JSONValue)] = [],
        id: CommandID = .random()
    ) async throws -> WriterReply {
        let command = WriterCommand.UploadKeys(
            user: user, device: try #require(DeviceID(device)), identity: identity, oneTime: oneTime,
            fallback: fallback)
        return try await writers.execute(.uploadKeys(command), id: id, of: user)
    }

    private func claim(
        _ writers: TestWriters, _ user: UserID, _ device: String = "ONE", id: CommandID = .random()
    ) async throws -> WriterReply {
        let command = WriterCommand.ClaimKeys(
            user: user, claims: [(device: try #require(DeviceID(device)), algorithm: Self.algorithm)])
        return try await writers.execute(.claimKeys(command), id: id, of: user)
    }

    /// The ID of the key that was handed out.
    private func claimed(_ reply: WriterReply, _ device: String = "ONE") throws -> String? {
        try #require(reply.answer)[device]?.objectValue?.keys.first
    }

    private func count(_ reply: WriterReply) throws -> JSONValue? {
        try #require(reply.answer)["one_time_key_counts"]?[Self.algorithm]
    }

    @Test func keysAreHandedOutOnceInTheirOrderAndThenTheFallback() async throws {
        try await TestWriters.with(count: 2) { writers in
            let alice = try user("alice")
            try await writers.addDevices(["ONE", "TWO"], of: alice)
            let fallback = try #require(KeyID("\(Self.algorithm):F"))
            let first = try await upload(
                writers, alice, oneTime: try keys(20..<30), fallback: [(fallback, ["key": "f", "fallback": true])])
            #expect(try count(first) == 10)
            #expect(try count(try await upload(writers, alice, oneTime: try keys(0..<20))) == 30)
            let given = try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<50 { group.addTask { try claimed(try await claim(writers, alice)) } }
                return try await group.reduce(into: [String]()) { if let key = $1 { $0.append(key) } }
            }
            #expect(given.count == 50)
            let once = given.filter { $0 != fallback.rawValue }
            #expect(Set(once).count == 30 && once.count == 30)
            // Of another device there is none.
            #expect(try claimed(try await claim(writers, alice, "TWO"), "TWO") == nil)
            #expect(try claimed(try await claim(writers, alice, "NONE"), "NONE") == nil)
            let rows = try await writers.database.query(
                "SELECT count(*) AS n, count(claimed_at) AS claimed FROM one_time_key")
            #expect(try rows[0].int64("n") == 30 && rows[0].int64("claimed") == 30)
            // The older upload's keys were handed out first.
            try await writers.database.query("DELETE FROM one_time_key")
            _ = try await upload(writers, alice, "TWO", oneTime: try keys(5..<6))
            _ = try await upload(writers, alice, "TWO", oneTime: try keys(1..<2))
            #expect(try claimed(try await claim(writers, alice, "TWO"), "TWO") == "\(Self.algorithm):K105")
        }
    }

    @Test func aRepeatedClaimGetsTheSameAnswerFromWhoeverOwnsTheShard() async throws {
        try await TestDatabase.with { test in
            let alice = try user("alice")
            let (first, second) = (CommandID.random(), CommandID.random())
            var given: [String?] = []
            try await TestWriters.with(on: test) { writers in
                try await writers.addDevices(["ONE"], of: alice)
                _ = try await upload(writers, alice, oneTime: try keys(0..<3))
                given = [
                    try claimed(try await claim(writers, alice, id: first)),
                    try claimed(try await claim(writers, alice, id: second)),
                ]
                #expect(try claimed(try await claim(writers, alice, id: first)) == given[0])
            }
            try await TestWriters.with(on: test) { writers in
                #expect(try claimed(try await claim(writers, alice, id: second)) == given[1])
                #expect(try claimed(try await claim(writers, alice, id: first)) == given[0])
                let third = try claimed(try await claim(writers, alice))
                #expect(Set(given.compactMap { $0 } + [third].compactMap { $0 }).count == 3)
            }
        }
    }

    /// A claimed key is gone for good, also when its upload is repeated late, by the same writer and by another.
    @Test func aRepeatedUploadBringsNothingBack() async throws {
        try await TestDatabase.with { test in
            let alice = try user("alice")
            try await TestWriters.with(on: test) { writers in
                try await writers.addDevices(["ONE"], of: alice)
                _ = try await upload(writers, alice, oneTime: try keys(0..<3))
                #expect(try claimed(try await claim(writers, alice)) == "\(Self.algorithm):K100")
                #expect(try count(try await upload(writers, alice, oneTime: try keys(0..<3))) == 2)
                #expect(try claimed(try await claim(writers, alice)) == "\(Self.algorithm):K101")
            }
            try await TestWriters.with(on: test) { writers async throws in
                #expect(try count(try await upload(writers, alice, oneTime: try keys(0..<3))) == 1)
                #expect(try claimed(try await claim(writers, alice)) == "\(Self.algorithm):K102")
                #expect(try claimed(try await claim(writers, alice)) == nil)
                // A device that has lost its memory may use the ID for another key.
                #expect(try count(try await upload(writers, alice, oneTime: try keys(0..<1, tag: "b"))) == 1)
                #expect(try claimed(try await claim(writers, alice)) == "\(Self.algorithm):K100")
            }
        }
    }

    @Test func anotherKeyOfAnIDThatWaitsIsRefused() async throws {
        try await TestWriters.with { writers in
            let alice = try user("alice")
            try await writers.addDevices(["ONE"], of: alice)
            _ = try await upload(writers, alice, oneTime: try keys(0..<2))
            let other = try await upload(writers, alice, oneTime: try keys(1..<3, tag: "b"))
            #expect(other.refusal?.errcode == "M_INVALID_PARAM")
            let rows = try await writers.database.query("SELECT key_id FROM one_time_key")
            #expect(rows.count == 2, "a refused upload leaves nothing")
            let gone = try await upload(writers, alice, "GONE", oneTime: try keys(0..<1))
            #expect(gone.refusal?.errcode == "M_UNKNOWN_TOKEN")
        }
    }

    @Test func aDeviceHasSoManyKeysAtMost() async throws {
        try await TestWriters.with { writers in
            let alice = try user("alice")
            try await writers.addDevices(["ONE"], of: alice)
            let most = KnownKeys.oneTimeKeysMax
            for start in stride(from: 0, to: most, by: 200) {
                _ = try #require(try await upload(writers, alice, oneTime: try keys(start..<start + 200)).answer)
            }
            let more = try await upload(writers, alice, oneTime: try keys(most..<most + 1))
            #expect(more.refusal?.errcode == "M_INVALID_PARAM")
            _ = try await claim(writers, alice)
            #expect(
                try count(try await upload(writers, alice, oneTime: try keys(most..<most + 1))) == .int(Int64(most)))
        }
    }

    @Test func aFallbackKeyStaysUsedUntilItIsReplaced() async throws {
        try await TestWriters.with { writers in
            let alice = try user("alice")
            try await writers.addDevices(["ONE"], of: alice)
            let store = KeyStockStore(database: writers.database)
            let device = try #require(DeviceID("ONE"))
            func unused() async throws -> [JSONValue] { try await store.stock(of: device, of: alice).unusedFallback }
            let first = try #require(KeyID("\(Self.algorithm):F1"))
            _ = try await upload(writers, alice, fallback: [(first, ["key": "f"])])
            #expect(try await unused() == [.string(Self.algorithm)])
            #expect(try claimed(try await claim(writers, alice)) == first.rawValue)
            #expect(try await unused() == [])
            _ = try await upload(writers, alice, fallback: [(first, ["key": "f"])])
            #expect(try await unused() == [], "the same key is not a new one")
            _ = try await upload(
                writers, alice, fallback: [(try #require(KeyID("\(Self.algorithm):F2")), ["key": "g"])])
            #expect(try await unused() == [.string(Self.algorithm)])
            #expect(try await store.stock(of: device, of: alice).counts == [Self.algorithm: 0])
        }
    }

    @Test func aRemovedDeviceTakesEverythingAlong() async throws {
        try await TestWriters.with { writers in
            let alice = try user("alice")
            try await writers.addDevices(["ONE", "TWO"], of: alice)
            for device in ["ONE", "TWO"] {
                _ = try await upload(
                    writers, alice, device, identity: ["device_id": .string(device)], oneTime: try keys(0..<2),
                    fallback: [(try #require(KeyID("\(Self.algorithm):F")), "f")])
            }
            let one = try #require(DeviceID("ONE"))
            let signature = WriterCommand.AddSignatures.Signature(
                user: alice, target: "ONE", key: try #require(KeyID("ed25519:SELF")), signature: "s")
            let byDevice = WriterCommand.AddSignatures.Signature(
                user: alice, target: "MASTER", key: try #require(KeyID("ed25519:ONE")), signature: "s")
            _ = try await writers.execute(
                .addSignatures(.init(signer: alice, signatures: [signature, byDevice])), of: alice)
            let message = WriterCommand.SendToDevice(user: alice, messages: [(one, [:])])
            _ = try await writers.execute(.sendToDevice(message), of: alice).events()
            try await writers.database.query("DELETE FROM device WHERE device_id = 'ONE'")
            let removal = WriterCommand.removeDevices(.init(user: alice, devices: [one]))
            _ = try await writers.execute(removal, of: alice).events()
            for table in ["device_key", "one_time_key", "fallback_key", "key_stock", "to_device", "key_signature"] {
                let column = table == "key_signature" ? "target" : "device_id"
                let rows = try await writers.database.query("SELECT DISTINCT \(column) AS name FROM \(table)")
                let expected = ["to_device", "key_signature"].contains(table) ? [] : ["TWO"]
                #expect(try rows.map { try $0.text("name") } == expected, "\(table)")
            }
            #expect(try claimed(try await claim(writers, alice)) == nil)
            #expect(try await upload(writers, alice, oneTime: try keys(5..<6)).refusal?.status == 401)
            let entries = try await writers.database.query("SELECT count(*) AS n FROM log WHERE kind = 8")
            #expect(try entries[0].int64("n") == 4, "two uploads, a signature, a removal")
        }
    }

    @Test func crossSigningKeysReplaceThoseTheCallerHasSeen() async throws {
        try await TestWriters.with { writers in
            let alice = try user("alice")
            try await writers.addDevices(["ONE"], of: alice)
            func set(_ names: [CrossSigningUsage: String], replacing: String?) async throws -> WriterReply {
                let keys = names.mapValues { CrossSigningKey(publicKey: $0, json: Array(#"{"k":"\#($0)"}"#.utf8)) }
                let command = WriterCommand.SetCrossSigningKeys(user: alice, keys: keys, replacing: replacing)
                return try await writers.execute(.setCrossSigningKeys(command), of: alice)
            }
            let all: [CrossSigningUsage: String] = [.master: "M", .selfSigning: "S", .userSigning: "U"]
            #expect(try await set(all, replacing: nil).done != nil)
            #expect(try await set([.master: "N"], replacing: nil).refusal?.status == 409)
            let bySelf = WriterCommand.AddSignatures.Signature(
                user: alice, target: "ONE", key: try #require(KeyID("ed25519:S")), signature: "s")
            _ = try await writers.execute(.addSignatures(.init(signer: alice, signatures: [bySelf])), of: alice)
            #expect(try await set([.selfSigning: "T"], replacing: "M").done != nil)
            #expect(try await KnownKeys(database: writers.database).crossSigning(of: alice)[.userSigning] == "U")
            let signatures = try await writers.database.query("SELECT FROM key_signature")
            #expect(signatures.isEmpty, "what a key has signed goes with it")
            #expect(try await set([.master: "N"], replacing: "M").done != nil)
            #expect(try await KnownKeys(database: writers.database).crossSigning(of: alice) == [.master: "N"])
            let clash = try await upload(writers, alice, identity: ["a": 1])
            #expect(clash.answer != nil)
            try await writers.database.query(
                "INSERT INTO device (user_id, device_id, created_at_ms) VALUES ($1, 'N', 0)", alice.rawValue)
            #expect(try await upload(writers, alice, "N", identity: ["a": 1]).refusal?.errcode == "M_FORBIDDEN")
        }
    }

    /// A device that never comes back has so many messages at most; the newest stay.
    @Test func messagesForADeviceThatNeverComesBackAreBounded() async throws {
        try await TestWriters.with { writers in
            let alice = try user("alice")
            try await writers.addDevices(["ONE", "TWO"], of: alice)
            let (most, slack) = (ToDeviceStore.waitingMax, ToDeviceStore.waitingSlack)
            try await writers.database.query(
                """
                INSERT INTO to_device (user_id, device_id, shard, seq, message)
                SELECT $1, 'ONE', 0, -n, '{}' FROM generate_series(1, $2::bigint) AS n
                """, alice.rawValue, Int64(most + slack - 1))
            func send() async throws {
                let command = WriterCommand.SendToDevice(user: alice, messages: [(nil, ["a": 1])])
                _ = try await writers.execute(.sendToDevice(command), of: alice).events()
            }
            func waiting() async throws -> Int64 {
                try await writers.database.query("SELECT count(*) AS n FROM to_device WHERE device_id = 'ONE'")[0]
                    .int64("n")
            }
            try await send()
            #expect(try await waiting() == Int64(most + slack))
            try await send()
            #expect(try await waiting() == Int64(most))
            let newest = try await writers.database.query(
                "SELECT count(*) AS n FROM to_device WHERE seq > 0 AND device_id = 'ONE'")
            #expect(try newest[0].int64("n") == 2)
        }
    }
}

extension WriterReply {
    /// What the command asked for.
    var answer: JSONObject? { if case .answered(let answer, _) = self { answer } else { nil } }
}
