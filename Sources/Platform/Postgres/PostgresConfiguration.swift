/// How a worker connects to PostgreSQL, and the bounds of everything that can wait.
public struct PostgresConfiguration: Sendable {
    /// A libpq connection URI or keyword string.
    public var url: String
    public var applicationName = "apus"
    /// Pipelined connections for single statements.
    public var sharedConnections = 2
    /// The most connections for transactions at once.
    public var transactionConnectionsMax = 8
    /// Set on every session, enforced by the server.
    public var statementTimeout = Duration.seconds(5)
    public var lockTimeout = Duration.seconds(2)
    public var idleInTransactionTimeout = Duration.seconds(5)
    /// How long the kernel lets sent bytes go unacknowledged.
    public var tcpUserTimeout = Duration.seconds(5)
    /// The client's own limit on an answer, for a server that is silent.
    public var answerTimeout = Duration.seconds(7)
    /// The longest wait for a connection.
    public var connectTimeout = Duration.seconds(5)
    /// The longest wait for a free connection or a place in a pipeline.
    public var poolWaitMax = Duration.seconds(2)
    /// Statements under way on one pipelined connection.
    public var pipelineDepthMax = 64
    /// Statements and transactions that wait; more are refused at once.
    public var waitingMax = 2_000

    /// Called on the client's thread whenever a shared connection is made, as after a restart or fail-over of the
    /// server: the moment to look whether it is still the same server.
    ///
    /// Must not block.
    public var onConnect: (@Sendable () -> Void)?

    public init(url: String) { self.url = url }
}

/// One statement with its parameters.
public struct PostgresStatement: Sendable {
    public var sql: String
    public var parameters: [PostgresValue]

    public init(_ sql: String, _ parameters: [any PostgresParameter]) {
        self.sql = sql
        self.parameters = parameters.map(\.postgresValue)
    }

    public init(sql: String, parameters: [PostgresValue] = []) {
        self.sql = sql
        self.parameters = parameters
    }
}
