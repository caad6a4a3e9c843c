import Leases

extension ClusterMember {
    /// Listens to every room-writer's feed until the task is cancelled.
    ///
    /// - Parameter onEvent: called for each feed's events in order; the feeds are told independently.
    public func listen(_ onEvent: @escaping @Sendable (FeedEvent) async -> Void) async {
        await FeedClient(client: internalClient, logger: logger) { [registry] in
            await registry.workers().filter { $0.isA(.roomWriter) }
                .map { FeedSource(writer: $0.id.text, address: $0.internalAddress) }
        } onEvent: {
            await onEvent($0)
        }.run()
    }
}
