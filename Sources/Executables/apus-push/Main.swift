import Push
import WorkerRuntime

/// The push worker's process.
@main
struct PushWorker {
    static func main() async {
        await WorkerProcess.main { configuration, logger in
            try PushService(configuration: configuration, logger: logger)
        }
    }
}
