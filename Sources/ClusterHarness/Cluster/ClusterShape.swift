/// How many workers of each kind a cluster has, and its settings.
public struct ClusterShape: Sendable {
    public var client: Int
    public var sync: Int
    public var initial: Int
    public var writer: Int
    public var housekeeper: Int
    public var media: Int
    public var push: Int
    /// Configuration keys of the workers, as `state.sharing`.
    public var settings: [String: String]
    /// Makes the URL workers connect by from the database's own, as through a proxy.
    public var databaseURL: @Sendable (String) throws -> String

    public init(
        client: Int = 2, sync: Int = 2, initial: Int = 1, writer: Int = 2, housekeeper: Int = 1,
        media: Int = 1, push: Int = 1,
        settings: [String: String] = [:],
        databaseURL: @escaping @Sendable (String) throws -> String = { $0 }
    ) {
        self.client = client
        self.sync = sync
        self.initial = initial
        self.writer = writer
        self.housekeeper = housekeeper
        self.media = media
        self.push = push
        self.settings = settings
        self.databaseURL = databaseURL
    }

    var arguments: [String] {
        let counts = [
            ("--client", client), ("--sync", sync), ("--initial", initial), ("--writer", writer),
            ("--housekeeper", housekeeper), ("--media", media), ("--push", push),
        ]
        return counts.flatMap { [$0.0, "\($0.1)"] }
            + settings.sorted { $0.key < $1.key }.flatMap { ["--set", "\($0.key)=\($0.value)"] }
    }
}
