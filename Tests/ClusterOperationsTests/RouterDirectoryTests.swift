import ClusterOperations
import Leases
import Testing

struct RouterDirectoryTests {
    private let start = ContinuousClock.now

    private static func worker(
        _ name: String, _ phase: String = "ready", address: String? = "127.0.0.1:1", unseen: Double = 0
    )
        -> ListedWorker
    {
        ListedWorker(
            id: WorkerID("\(name):run"), kind: "client", version: "1", phase: phase, publicAddress: address,
            internalAddress: "127.0.0.1:2", operationsAddress: "127.0.0.1:3", connectionsMax: 1, secondsSinceStart: 1,
            secondsSinceSeen: unseen)
    }

    private static func names(_ directory: RouterDirectory) -> [String] {
        directory.servers.map { "\($0.id.name) \($0.mode)" }
    }

    @Test func onlyWorkersThatServeClientsAreRouted() {
        var directory = RouterDirectory()
        directory.update(
            [
                Self.worker("a"), Self.worker("b", "draining"), Self.worker("c", "starting"),
                Self.worker("d", address: nil),
            ], now: start)
        #expect(Self.names(directory) == ["a serving", "b draining"])
    }

    /// After PostgreSQL was away the registry may be empty for a moment; requests must not be refused for it.
    @Test func aRowThatVanishesWithoutGoodbyeCountsOnlyAfterAWhile() {
        var directory = RouterDirectory()
        directory.update([Self.worker("a")], now: start)
        directory.update([], now: start + .seconds(1))
        directory.update([], now: start + .seconds(10))
        #expect(Self.names(directory) == ["a serving"])
        directory.update([Self.worker("a")], now: start + .seconds(11))
        directory.update([], now: start + .seconds(12))
        directory.update([], now: start + .seconds(22))
        #expect(Self.names(directory) == ["a serving"])
        directory.update([], now: start + .seconds(23))
        #expect(Self.names(directory).isEmpty)
    }

    @Test func aRowLeftBehindIsNotTakenForAWorker() {
        var directory = RouterDirectory()
        directory.update([Self.worker("old", unseen: 6), Self.worker("new", unseen: 1)], now: start)
        #expect(Self.names(directory) == ["new serving"])
        // Once known it stays, however old its row looks: PostgreSQL may have been away.
        directory.update([Self.worker("new", unseen: 60)], now: start + .seconds(60))
        #expect(Self.names(directory) == ["new serving"])
    }

    @Test func aWorkerThatDrainedIsGoneWithItsRow() {
        var directory = RouterDirectory()
        directory.update([Self.worker("a", "draining")], now: start)
        directory.update([], now: start + .milliseconds(150))
        #expect(Self.names(directory).isEmpty)
    }

    @Test func aRunThatEndedIsGoneThoughItsRowIsThere() {
        var directory = RouterDirectory()
        directory.update([Self.worker("a"), Self.worker("b")], now: start)
        directory.runEnded("a")
        #expect(Self.names(directory) == ["b serving"])
        directory.update([Self.worker("a"), Self.worker("b")], now: start)
        #expect(Self.names(directory) == ["b serving"])
    }

    @Test func aRunToldToDrainGetsNothingNewAtOnce() {
        var directory = RouterDirectory()
        directory.update([Self.worker("a")], now: start)
        directory.runDrains("a")
        #expect(Self.names(directory) == ["a draining"])
    }
}
