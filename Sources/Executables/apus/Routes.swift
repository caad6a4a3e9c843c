import ClientGateway
import HTTPServer
import Media
import Sync

/// The routes of every worker that serves clients, as the router needs them.
enum Routes {
    static var all: [Route] { ClientEndpoints.routes + SyncEndpoints.routes + MediaEndpoints.routes }
}
