import Housekeeper
import WorkerRuntime

/// The housekeeper's process.
@main
struct HousekeeperWorker {
    static func main() async {
        await WorkerProcess.main { configuration, logger in
            try HousekeeperService(configuration: configuration, logger: logger)
        }
    }
}
