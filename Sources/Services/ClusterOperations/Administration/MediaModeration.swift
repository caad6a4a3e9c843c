import Identifiers
import Postgres
import Storage

/// Forbids, allows and deletes files, of one address or of one user.
package struct MediaModeration: Sendable {
    package enum Problem: Error, Equatable, CustomStringConvertible {
        case notAFile(String)
        case unknownFile(String)
        case notAUser(String)

        package var description: String {
            switch self {
            case .notAFile(let text): "'\(text)' is neither a file's address, as mxc://server/id, nor a user's ID"
            case .unknownFile(let address): "there is no file \(address), or nothing to change"
            case .notAUser(let text): "'\(text)' is no user's ID"
            }
        }
    }

    /// What a person names: a file, or all files of a user.
    package enum Subject: Sendable, Equatable {
        case file(MediaURI)
        case uploads(UserID)

        package init(_ text: String) throws(Problem) {
            if let uri = MediaURI(text) {
                self = .file(uri)
            } else if let user = UserID(text) {
                self = .uploads(user)
            } else {
                throw .notAFile(text)
            }
        }
    }

    private let media: MediaStore

    package init(database: PostgresDatabase) { media = MediaStore(database: database) }

    /// Forbids what the subject holds, wherever else the same bytes are; how many files it was.
    ///
    /// - Parameter by: the ID of the user who answers for it.
    package func quarantine(_ subject: Subject, by: String) async throws -> Int {
        guard let judge = UserID(by) else { throw Problem.notAUser(by) }
        switch subject {
        case .file(let uri): return try await one(uri, media.quarantine(uri, by: judge))
        case .uploads(let user): return try await all { try await media.quarantineSome(of: user, by: judge) }
        }
    }

    /// Allows a file's content again.
    package func release(_ uri: MediaURI) async throws { _ = try await one(uri, media.release(uri)) }

    /// Deletes the subject; how many files it was.
    package func delete(_ subject: Subject) async throws -> Int {
        switch subject {
        case .file(let uri): return try await one(uri, media.delete(uri))
        case .uploads(let user): return try await all { try await media.deleteSome(of: user) }
        }
    }

    private func one(_ uri: MediaURI, _ isDone: Bool) throws -> Int {
        guard isDone else { throw Problem.unknownFile(uri.description) }
        return 1
    }

    /// Repeats a bounded step until it does nothing.
    private func all(_ step: () async throws -> Int) async throws -> Int {
        var count = 0
        while true {
            let done = try await step()
            guard done > 0 else { return count }
            count += done
        }
    }
}
