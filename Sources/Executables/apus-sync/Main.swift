import Sync
import WorkerRuntime

/// The sync worker's process; which pool it is in says its configuration.
@main
struct SyncWorker {
    static func main() async {
        await WorkerProcess.main { configuration, logger in
            SyncService(configuration: configuration, logger: logger)
        }
    }
}
