import Foundation

/// Many clients that ask for the same at once, in a process of their own.
///
/// Clients are elsewhere. Here they share the server's processors, so they get what the server leaves: otherwise their
/// reading of hundreds of megabytes is measured as the server's delay.
public struct CurlHerd: Sendable {
    /// The longest a request may take.
    public static let requestMax = Duration.seconds(120)

    /// What one client got.
    public struct Answer: Sendable {
        public let status: Int
        public let bytes: Int
        /// The answer's `Retry-After`, in seconds.
        public let retryAfter: Int?
    }

    let url: String

    /// - Parameter path: the path and query all ask for.
    public init(_ server: Homeserver, path: String) { url = server.baseURL + path }

    /// Asks once for each token, all at the same time; answers are in no order.
    ///
    /// - Throws: when curl cannot be run or says something else than it was asked to.
    public func ask(tokens: [String]) async throws -> [Answer] {
        let requests = tokens.map { token in
            """
            url = "\(url)"
            header = "Authorization: Bearer \(token)"
            output = "/dev/null"
            write-out = "%{http_code} %{size_download} %header{retry-after}\\n"
            max-time = \(Self.requestMax.components.seconds)
            """
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "nice", "-n", "19", "curl", "--no-progress-meter", "--parallel", "--parallel-immediate", "--parallel-max",
            "\(tokens.count)", "--config", "-",
        ]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        // Both may wait for the other side; a thread that may wait is theirs.
        return try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        try input.fileHandleForWriting.write(
                            contentsOf: Data(requests.joined(separator: "\nnext\n").utf8))
                        try input.fileHandleForWriting.close()
                        let text = String(
                            decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
                        process.waitUntilExit()
                        return try text.split(separator: "\n").map(Self.answer)
                    })
            }
        }
    }

    private static func answer(_ line: Substring) throws -> Answer {
        let words = line.split(separator: " ")
        guard words.count >= 2, let status = Int(words[0]), let bytes = Int(words[1]) else {
            throw ClusterFailure.command(["curl"], status: 0, output: String(line))
        }
        return Answer(status: status, bytes: bytes, retryAfter: words.count > 2 ? Int(words[2]) : nil)
    }
}
