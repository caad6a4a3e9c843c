import ClusterConfiguration
import Identifiers

/// What the media worker is told by its configuration.
package struct MediaSettings: Sendable {
    package var server: ServerName
    /// The largest file, in bytes.
    package var uploadBytesMax: Int64 = 100 << 20
    /// All files of one user, in bytes; `nil`: no bound.
    package var userBytesMax: Int64?
    /// Where people read about that bound.
    package var quotaInfoURL: String?
    /// Addresses that a user has made for files and not yet uploaded.
    package var pendingUploadsMax = 5
    /// For how long such an address waits for its file.
    package var pendingUploadLife = Duration.seconds(86_400)
    /// The largest file taken over from another server, in bytes.
    package var remoteBytesMax: Int64 = 100 << 20
    /// Without one for a name, that name has no limit.
    package var rateLimits: [RateLimitName: RateLimit] = [:]

    package init(server: ServerName) { self.server = server }

    /// - Throws: ``ConfigurationProblems`` when the server's name cannot be used.
    init(_ configuration: WorkerConfiguration) throws {
        guard let server = ServerName(configuration.serverName) else {
            throw ConfigurationProblems(problems: ["server.name '\(configuration.serverName)' is not a server name"])
        }
        self.init(server: server)
        let media = configuration.media
        uploadBytesMax = media.uploadBytesMax
        userBytesMax = media.userBytesMax
        quotaInfoURL = media.quotaInfoURL
        pendingUploadsMax = media.pendingUploadsMax
        pendingUploadLife = media.pendingUploadLife
        remoteBytesMax = media.remoteBytesMax
        rateLimits = configuration.rateLimits
    }
}
