import ArgumentParser
import ClusterOperations

/// Files that users have uploaded or looked at.
struct ModerateMedia: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "media", abstract: "Forbids, allows and deletes files.",
        subcommands: [Quarantine.self, Release.self, Delete.self], defaultSubcommand: nil)

    struct Quarantine: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Has files served to nobody, also where the same bytes are uploaded or fetched again.")

        @OptionGroup var database: DatabaseChoice
        @Argument(help: "A file, as mxc://server/id, or a user, for all they uploaded.")
        var subject: String
        @Option(help: "The ID of the user who answers for it.")
        var by: String

        func run() async throws {
            let subject = try MediaModeration.Subject(subject)
            try await ModerateMedia.with(database) { media in
                print("quarantined  \(try await media.quarantine(subject, by: by))")
            }
        }
    }

    struct Release: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Has a quarantined file served again.")

        @OptionGroup var database: DatabaseChoice
        @Argument(help: "The file, as mxc://server/id.")
        var file: String

        func run() async throws {
            guard case .file(let uri) = try MediaModeration.Subject(file) else {
                throw ValidationError("'\(file)' is no file's address, as mxc://server/id")
            }
            try await ModerateMedia.with(database) { media in
                try await media.release(uri)
                print("released     \(uri)")
            }
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Deletes files; their bytes go when nothing else stands for them.")

        @OptionGroup var database: DatabaseChoice
        @Argument(help: "A file, as mxc://server/id, or a user, for all they uploaded.")
        var subject: String

        func run() async throws {
            let subject = try MediaModeration.Subject(subject)
            try await ModerateMedia.with(database) { media in print("deleted      \(try await media.delete(subject))") }
        }
    }

    private static func with(
        _ choice: DatabaseChoice, _ body: (MediaModeration) async throws -> Void
    ) async throws {
        let (url, _) = try choice.resolve()
        try await OperatorDatabase.with(url: url) { database in
            try await body(MediaModeration(database: database))
        }
    }
}
