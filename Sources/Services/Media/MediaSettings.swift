import ClusterConfiguration
import Identifiers
import OutboundHTTP
import WorkerContracts

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
    /// Whether links are looked at for users.
    package var previewsLinks = true
    /// What may be asked for that although it is not public.
    package var allowedNetworks: [IPNetwork] = []
    /// Whether the endpoints of old, which need no token, serve every file that is here.
    package var downloadsWithoutToken = false
    /// Without one for a name, that name has no limit.
    package var rateLimits: [RateLimitName: RateLimit] = [:]

    package init(server: ServerName) { self.server = server }

    /// - Throws: ``ConfigurationProblems`` with everything that cannot be used.
    init(_ configuration: WorkerConfiguration) throws {
        let media = configuration.media
        var problems: [String] = []
        let server = ServerIdentity.name(configuration, &problems)
        let networks = media.allowedNetworks.compactMap { IPNetwork($0) }
        if networks.count < media.allowedNetworks.count {
            problems.append("media.allowed_networks are to be like 10.1.0.0/16")
        }
        guard let server, problems.isEmpty else { throw ConfigurationProblems(problems: problems) }
        self.init(server: server)
        allowedNetworks = networks
        previewsLinks = media.previewsLinks
        uploadBytesMax = media.uploadBytesMax
        userBytesMax = media.userBytesMax
        quotaInfoURL = media.quotaInfoURL
        pendingUploadsMax = media.pendingUploadsMax
        pendingUploadLife = media.pendingUploadLife
        remoteBytesMax = media.remoteBytesMax
        downloadsWithoutToken = media.downloadsWithoutToken
        rateLimits = configuration.rateLimits
    }
}
