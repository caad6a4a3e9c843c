import Housekeeper
import Postgres
import Storage
import TestSupport
import Testing

/// What devices leave when nobody could drop it with them.
@Suite struct DeviceRemainsTests {
    private static let tables = DeviceRemains.Table.allCases.map(\.rawValue) + ["key_stock"]

    private func user(_ name: String) -> String { "@\(name):\(TestDatabase.serverName)" }

    private func addDevice(_ device: String, of name: String, _ database: PostgresDatabase) async throws {
        try await database.query(
            "INSERT INTO account (user_id, shard, created_at_ms) VALUES ($1, 0, 0) ON CONFLICT DO NOTHING", user(name))
        try await database.query(
            "INSERT INTO device (user_id, device_id, created_at_ms) VALUES ($1, $2, 0)", user(name), device)
    }

    /// Keys of every kind, and so many messages.
    private func addRows(
        of device: String, of name: String, messages: Int = 2, _ database: PostgresDatabase
    ) async throws {
        let statements = [
            "INSERT INTO device_key VALUES ($1, $2, '{}')",
            """
            INSERT INTO one_time_key (user_id, device_id, key_id, algorithm, json, shard, seq)
            VALUES ($1, $2, 'a:1', 'a', '1', 0, 1), ($1, $2, 'a:2', 'a', '1', 0, 1)
            """,
            "INSERT INTO fallback_key VALUES ($1, $2, 'a', 'a:3', '1', false)",
            "INSERT INTO key_stock VALUES ($1, $2, 0, 1)",
        ]
        for statement in statements { try await database.query(statement, user(name), device) }
        try await database.query(
            "INSERT INTO to_device SELECT $1, $2, 0, n, '{}' FROM generate_series(1, $3::bigint) AS n", user(name),
            device,
            Int64(messages))
    }

    /// The devices of which there is something, in each table.
    private func left(_ database: PostgresDatabase) async throws -> [[String]] {
        var left: [[String]] = []
        for table in Self.tables {
            let rows = try await database.query(
                "SELECT DISTINCT user_id || ' ' || device_id AS name FROM \(table) ORDER BY name")
            left.append(try rows.map { try $0.text("name") })
        }
        return left
    }

    /// - Returns: in how many steps.
    private func run(_ database: PostgresDatabase) async throws -> Int {
        let job = DeviceRemainsJob(remains: DeviceRemains(database: database))
        var (checkpoint, steps) = ([UInt8]?.none, 0)
        while true {
            steps += 1
            guard case .more(let next) = try await job.step(from: checkpoint) else { return steps }
            // Whoever goes on does so from what was written down.
            checkpoint = next
            try #require(steps < 100, "it does not end")
        }
    }

    @Test func whatDeletedDevicesLeftGoesAndNothingElse() async throws {
        try await TestDatabase.with { test in
            let database = test.database
            for (device, name) in [("A", "anna"), ("C", "anna"), ("A", "bert")] {
                try await addDevice(device, of: name, database)
            }
            for (device, name) in [("A", "anna"), ("B", "anna"), ("C", "anna"), ("D", "anna"), ("A", "bert")] {
                try await addRows(of: device, of: name, database)
            }
            // Of nobody here.
            try await addRows(of: "A", of: "nobody", database)
            #expect(try await run(database) == Self.tables.count - 1)
            let kept = ["anna A", "anna C", "bert A", "nobody A"].map { text in
                let words = text.split(separator: " ")
                return "\(user(String(words[0]))) \(words[1])"
            }
            for (table, names) in zip(Self.tables, try await left(database)) { #expect(names == kept, "\(table)") }
            let messages = try await database.query("SELECT count(*) AS n FROM to_device")
            #expect(try messages[0].int64("n") == 8)
        }
    }

    @Test func aStepIsBounded() async throws {
        try await TestDatabase.with { test in
            let database = test.database
            let (devices, rows) = (DeviceRemains.devicesMax, DeviceRemains.rowsMax)
            try await addDevice("there", of: "anna", database)
            try await addRows(of: "gone", of: "anna", messages: rows + 1, database)
            try await addRows(of: "there", of: "anna", database)
            let remains = DeviceRemains(database: database)
            // There is more of the first than one step deletes, so that it is where to go on.
            #expect(try await remains.step(through: .toDevice, after: .init()) == .init())
            let some = try await database.query("SELECT FROM to_device WHERE device_id = 'gone'")
            #expect(some.count == 1)
            #expect(try await remains.step(through: .toDevice, after: .init()) == nil)
            #expect(try await left(database)[3] == ["\(user("anna")) there"])

            try await database.query(
                """
                INSERT INTO device_key SELECT $1, 'm' || lpad(n::text, 6, '0'), '{}'
                  FROM generate_series(1, $2::bigint) AS n
                """, user("bert"), Int64(devices))
            try await addDevice("there", of: "bert", database)
            // Those of anna come first: two of the devices are left to the next step.
            let next = try #require(try await remains.step(through: .deviceKey, after: .init()))
            #expect(next.user == user("bert") && next.device.hasSuffix("\(devices - 2)"))
            #expect(try await database.query("SELECT FROM device_key").count == 3)
            #expect(try await remains.step(through: .deviceKey, after: next) == nil)
            #expect(try await left(database)[0] == ["\(user("anna")) there"])
        }
    }

    /// A device that is made at the moment its predecessor's rows go keeps what it brings.
    @Test func aNewDeviceOfThatNameIsNotInTheWay() async throws {
        try await TestDatabase.with { test in
            let database = test.database
            try await addDevice("other", of: "anna", database)
            try await addRows(of: "A", of: "anna", database)
            let remains = DeviceRemains(database: database)
            try await withThrowingTaskGroup(of: Void.self) { group in
                // Seen as gone, and there before its rows are locked.
                try await database.transaction { transaction in
                    try await transaction.query(
                        "INSERT INTO device (user_id, device_id, created_at_ms) VALUES ($1, 'A', 0)", user("anna"))
                    group.addTask { _ = try await remains.step(through: .deviceKey, after: .init()) }
                    try await eventually("it waits for the owner's row") {
                        try await !database.query(
                            """
                            SELECT FROM pg_stat_activity
                             WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%FOR UPDATE%'
                            """
                        ).isEmpty
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await left(database)[0] == ["\(user("anna")) A"])
            #expect(try await left(database)[4] == ["\(user("anna")) A"])
        }
    }
}
