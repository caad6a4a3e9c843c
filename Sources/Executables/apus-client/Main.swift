import ClientGateway
import WorkerRuntime

/// The client worker's process.
@main
struct ClientWorker {
    static func main() async {
        await WorkerProcess.main { configuration, logger in
            try ClientService(configuration: configuration, logger: logger)
        }
    }
}
