import Postgres

extension PostgresError {
    /// How long a client is asked to stay away when the database does not answer.
    static let retryAfter = Duration.seconds(2)

    /// What a client is told when the database could not be asked or did not answer; `nil` for errors of our own.
    ///
    /// Of the server's refusals these are: connection, resources and intervention (classes 08, 53, 57), a lock that was
    /// not to be had, and a stand-by that takes no writes yet.
    package var unavailability: MatrixError? {
        let isUnavailable =
            switch kind {
            case .connectionLost, .timedOut, .overloaded, .closed: true
            case .server(let state, _):
                ["08", "53", "57"].contains(state.prefix(2)) || ["55P03", "25006"].contains(state)
            case .decoding: false
            }
        return isUnavailable
            ? .unavailable("The database does not answer; try again later.", retryAfter: Self.retryAfter) : nil
    }
}
