import Media
import WorkerRuntime

/// The media worker's process.
@main
struct MediaWorker {
    static func main() async {
        await WorkerProcess.main { configuration, logger in
            try MediaService(configuration: configuration, logger: logger)
        }
    }
}
