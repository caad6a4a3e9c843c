import Identifiers
import ObjectStorage
import Storage

/// Where files of other servers come from.
package protocol RemoteMediaSource: Sendable {
    /// Fetches a file from its server.
    ///
    /// - Parameters:
    ///   - bytesMax: beyond, it is given up.
    ///   - file: what it is written to.
    func fetch(_ uri: MediaURI, bytesMax: Int64, into file: SpooledFile) async throws -> RemoteMediaOutcome
}

/// What became of asking another server for a file.
package enum RemoteMediaOutcome: Sendable, Equatable {
    case fetched(MediaDescription)
    /// It has none of that name, or cannot be asked.
    case notFound
    case tooLarge
}

/// Until there is federation, no other server can be asked.
package struct NoRemoteMedia: RemoteMediaSource {
    package init() {}

    package func fetch(_ uri: MediaURI, bytesMax: Int64, into file: SpooledFile) async throws -> RemoteMediaOutcome {
        .notFound
    }
}
