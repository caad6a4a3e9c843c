import RoomWriter
import WorkerRuntime

/// The room-writer's process.
@main
struct RoomWriterWorker {
    static func main() async {
        await WorkerProcess.main { configuration, logger in
            try RoomWriterService(configuration: configuration, logger: logger)
        }
    }
}
