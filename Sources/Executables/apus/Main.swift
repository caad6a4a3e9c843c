import ArgumentParser
import ClusterOperations

/// The operator's command.
@main
struct Apus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apus", abstract: "Runs and looks after an Apus cluster.",
        subcommands: [
            Up.self, Status.self, Scale.self, Roll.self, Stop.self, User.self, RegistrationToken.self,
            ModerateMedia.self, PurgeHistory.self,
            Migrate.self,
            RouterConfig.self, RouterFollow.self, ListRoutes.self,
        ])
}

/// Which running cluster a command is for.
struct ClusterChoice: ParsableArguments {
    @Option(help: "The folder of the running cluster's state.")
    var state = ".apus"
}
