import Postgres

/// Whether everybody's connections fit into what the server allows.
///
/// The failure it prevents: a worker too many takes the last slots, then nobody can connect any more, the operator
/// included, and every worker that restarts makes it worse. So each states the most it will open before it opens them,
/// and one that does not fit does not start.
public struct ConnectionBudget: Sendable, Equatable {
    /// Slots no worker may plan with: the operator's psql, migrations, backups, `apus status`.
    public static let operatorReserve = 8

    /// The server's `max_connections`.
    public var serverMax: Int
    /// Slots only superusers get.
    public var superuserReserve: Int
    /// What workers that registered earlier may open, in all.
    public var plannedByOthers: Int

    public init(serverMax: Int, superuserReserve: Int, plannedByOthers: Int) {
        self.serverMax = serverMax
        self.superuserReserve = superuserReserve
        self.plannedByOthers = plannedByOthers
    }

    /// What is left for one more worker.
    public var available: Int { max(0, serverMax - superuserReserve - Self.operatorReserve - plannedByOthers) }

    /// - Throws: ``ConnectionBudgetExceeded`` when `wanted` connections do not fit.
    public func check(_ wanted: Int) throws(ConnectionBudgetExceeded) {
        guard wanted <= available else { throw ConnectionBudgetExceeded(budget: self, wanted: wanted) }
    }
}

/// The server has too few connections for one more worker.
public struct ConnectionBudgetExceeded: Error, Sendable, CustomStringConvertible {
    public let budget: ConnectionBudget
    public let wanted: Int

    public var description: String {
        """
        PostgreSQL allows \(budget.serverMax) connections: \(budget.superuserReserve) are its superusers', \
        \(ConnectionBudget.operatorReserve) the operator's, \(budget.plannedByOthers) other workers'; \
        the \(budget.available) left are too few for the \(wanted) this worker may open. \
        Raise max_connections, or lower database.transaction_connections_max.
        """
    }
}
