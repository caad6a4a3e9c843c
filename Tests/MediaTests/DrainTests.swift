import ClusterConfiguration
import Media
import NIOCore
import NIOPosix
import OutboundHTTP
import TestSupport
import Testing
import WorkerRuntime

/// The worker as a process has it, told to drain while files come and go.
@Suite(.timeLimit(.minutes(2))) struct DrainTests {
    @Test func anUploadUnderWayIsFinishedWhenTheWorkerLeaves() async throws {
        try await TestDatabase.with { test in
            try await TemporaryFolder.with { folder in
                let token = try await MediaWorld.person("anna", in: test.database).token
                let operations = try #require(Loopback.freePort())
                let listening = try #require(Loopback.freePort())
                let service = try MediaService(
                    configuration: try configuration(test.url, folder, operations, listening), logger: .silent)
                let process = WorkerProcess(
                    configuration: try configuration(test.url, folder, operations, listening), service: service,
                    logger: .silent)
                let (signals, signal) = AsyncStream.makeStream(of: Void.self)
                let http = HTTPClient()
                defer { http.shutdown() }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await process.run(until: signals) }
                    let ready = "http://127.0.0.1:\(operations)/ready"
                    try await eventually("it is ready") { await Self.status(http, ready) == 200 }
                    let answer = try await uploadWhileItDrains(Int(listening), token, folder) {
                        signal.yield()
                        signal.finish()
                        try await eventually("it drains") { await Self.status(http, ready) != 200 }
                    }
                    #expect(answer.hasPrefix("HTTP/1.1 200 "), "\(answer)")
                    #expect(answer.contains("mxc://"))
                    try await group.waitForAll()
                }
                let rows = try await test.database.query("SELECT byte_count FROM media_content")
                #expect(try rows.map { try $0.int64("byte_count") } == [300_002])
            }
        }
    }

    /// Sends most of a file, then drains the worker, then sends the rest.
    private func uploadWhileItDrains(
        _ port: Int, _ token: String, _ folder: String, _ drain: () async throws -> Void
    ) async throws -> String {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            let head =
                "POST /_matrix/media/v3/upload HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\n"
                + "Content-Length: 300002\r\n\r\n"
            try await outbound.write(ByteBuffer(string: head))
            try await outbound.write(ByteBuffer(bytes: someBytes(300_000)))
            try await eventually("it is on its way") { entries(of: folder + "/incoming").count == 1 }
            try await drain()
            // Longer than the router needs to look away, and than the ports stay open for nothing.
            try await Task.sleep(for: .seconds(3))
            try await outbound.write(ByteBuffer(bytes: [1, 2]))
            var text = ""
            for try await part in inbound { text += String(buffer: part) }
            return text
        }
    }

    private func configuration(
        _ url: String, _ folder: String, _ operations: UInt16, _ listening: UInt16
    ) throws -> WorkerConfiguration {
        try WorkerConfiguration(environment: [
            "APUS_SERVER_NAME": TestDatabase.serverName, "APUS_DATABASE_URL": url, "APUS_CLUSTER_SECRET": "s",
            "APUS_SIGNING_KEY_PATH": "/nowhere", "APUS_MEDIA_FOLDER_PATH": folder, "APUS_DRAIN_DELAY_SECONDS": "1",
            "APUS_LISTEN_OPERATIONS": "127.0.0.1:\(operations)", "APUS_LISTEN_PUBLIC": "127.0.0.1:\(listening)",
        ])
    }

    private static func status(_ http: HTTPClient, _ url: String) async -> Int? {
        do {
            return try await http.execute(HTTPRequest(method: "GET", url: url), deadline: .now + .seconds(5)).status
        } catch {
            return nil  // Not listening yet, or not any more.
        }
    }
}
