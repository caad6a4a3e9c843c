import ClusterOperations
import Leases
import Testing

struct RouterPlanTests {
    private static let pools = [RouterPool.client]

    private static func server(_ name: String, _ mode: RouterServer.Mode = .serving) -> RouterServer {
        RunningRouter.server(name, .client, at: "127.0.0.1:1", operations: "127.0.0.1:2", mode: mode)
    }

    private static func state(_ name: String, administrative: Int = 0) -> RouterServerState {
        RouterServerState(
            pool: "client", name: "\(name):run", number: 7, operational: 2, administrative: administrative)
    }

    private static func commands(_ wanted: [RouterServer], _ actual: [RouterServerState]) -> [String] {
        RouterPlan(pools: pools, wanted: wanted, actual: actual).commands
    }

    @Test func nothingIsDoneWhenAllIsAsItShouldBe() {
        #expect(Self.commands([Self.server("a")], [Self.state("a")]).isEmpty)
        #expect(Self.commands([Self.server("a", .draining)], [Self.state("a", administrative: 8)]).isEmpty)
    }

    @Test func aNewWorkerIsAddedCheckedAndOpened() {
        let commands = Self.commands([Self.server("a")], [])
        #expect(commands.count == 3)
        #expect(commands[0].hasPrefix("add server client/a:run 127.0.0.1:1 id "))
        #expect(commands[0].contains(" check port 2 "))
        #expect(commands[1...] == ["enable health client/a:run", "set server client/a:run state ready"])
    }

    @Test func aWorkerThatDrainsAlreadyIsNotAdded() {
        #expect(Self.commands([Self.server("a", .draining)], []).isEmpty)
    }

    @Test func drainingAndComingBackAreSaidOnce() {
        #expect(
            Self.commands([Self.server("a", .draining)], [Self.state("a")]) == ["set server client/a:run state drain"])
        #expect(
            Self.commands([Self.server("a")], [Self.state("a", administrative: 8)])
                == ["enable health client/a:run", "set server client/a:run state ready"])
    }

    @Test func aWorkerThatIsGoneIsTakenOutUntilTheRouterHasLetGo() {
        #expect(
            Self.commands([], [Self.state("a")]) == ["set server client/a:run state maint", "del server client/a:run"])
        #expect(Self.commands([], [Self.state("a", administrative: 1)]) == ["del server client/a:run"])
    }

    @Test func otherPoolsServersAreLeftAlone() {
        let other = RouterServerState(pool: "sync", name: "b:run", number: 1, operational: 2, administrative: 0)
        #expect(Self.commands([], [other]).isEmpty)
    }

    @Test func twoServersNeverShareANumber() {
        let server = Self.server("a")
        let taken = Self.commands([server], []).first?.split(separator: " ")
        let number = taken.flatMap { words in words.firstIndex(of: "id").flatMap { Int(words[$0 + 1]) } } ?? 0
        let other = RouterServerState(pool: "client", name: "x", number: number, operational: 2, administrative: 1)
        let again = Self.commands([server], [other]).first { $0.hasPrefix("add") } ?? ""
        #expect(again.contains(" id \(number + 1) "))
    }
}
