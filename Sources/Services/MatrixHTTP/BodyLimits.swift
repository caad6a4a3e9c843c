import HTTPServer

/// The largest bodies by what they hold.
extension ByteCount {
    /// An event's content: a little above the event limit, so that the event's own check answers.
    public static let event = ByteCount.kibibytes(80)
    /// Many first events at once.
    public static let createRoom = ByteCount.mebibytes(1)
    /// Messages to many devices.
    public static let toDevice = ByteCount.mebibytes(5)
    /// A device's keys, or those of many sessions.
    public static let keys = ByteCount.mebibytes(1)
    /// A page of a key backup.
    public static let keyBackup = ByteCount.mebibytes(8)
    /// The largest file that any configuration allows to upload.
    public static let upload = ByteCount.mebibytes(2_048)
    /// What most requests have.
    public static let ordinary = ByteCount.kibibytes(64)
}

extension Route {
    /// A route of the client-server API, served by the client workers unless said otherwise.
    public static func client(
        _ method: HTTPMethod, _ path: String, cost: CostClass = .light, auth: Authentication = .user,
        bodyLimit: ByteCount = .ordinary, body: Body = .collected, worker: String = "client",
        firstCost: CostClass? = nil
    ) -> Route {
        Route(
            method, path, worker: worker, cost: cost, authentication: auth, bodyLimit: bodyLimit, body: body,
            firstCost: firstCost)
    }
}
