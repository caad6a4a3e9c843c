import Glibc
import Leases
import Logging

/// Starts workers, keeps them running, and lets them go: everybody's parent.
package actor WorkerSupervisor {
    /// How long a worker may take to drain before it is killed: its own bound, and a little.
    package static func drainMax(of kind: WorkerKind) -> Duration {
        // Large files on slow lines come to their end.
        kind == .media ? .seconds(150) : .seconds(60)
    }

    /// A worker's process as the operator sees it.
    package struct Entry: Sendable {
        package let slot: WorkerSlot
        /// The run's name in the registry; `nil` while it is not running.
        package let name: String?
        package let pid: Int32?
        package let restarts: Int
        package let isRetiring: Bool
        package let isHopeless: Bool
    }

    private struct Place {
        let slot: WorkerSlot
        let process: SupervisedProcess
        var isRetiring = false
    }

    private let output: OutputLines
    private let logger: Logger
    private let makeCommand: @Sendable (WorkerSlot, _ name: String) -> ProcessCommand
    private let onEnd: @Sendable (_ run: String) async -> Void
    private let onDrain: @Sendable (_ run: String) async -> Void
    private var places: [Int: Place] = [:]
    private var nextPlace = 0
    private let jobs: AsyncStream<SupervisedProcess>
    private let submit: AsyncStream<SupervisedProcess>.Continuation

    /// - Parameters:
    ///   - makeCommand: what to run for a slot under a name.
    ///   - onEnd: called with the name of a run that has ended.
    ///   - onDrain: called with the name of a run before it is told to drain.
    package init(
        output: OutputLines, logger: Logger,
        makeCommand: @escaping @Sendable (WorkerSlot, _ name: String) -> ProcessCommand,
        onEnd: @escaping @Sendable (_ run: String) async -> Void,
        onDrain: @escaping @Sendable (_ run: String) async -> Void
    ) {
        self.output = output
        self.logger = logger
        self.makeCommand = makeCommand
        self.onEnd = onEnd
        self.onDrain = onDrain
        (jobs, submit) = AsyncStream.makeStream()
    }

    /// Watches over the processes; ends when ``close()`` was called and all of them have ended.
    package func run() async {
        await withDiscardingTaskGroup { group in
            for await process in jobs { group.addTask { await process.run() } }
        }
    }

    /// No more processes are started.
    package func close() { submit.finish() }

    /// Starts a worker in `slot`, beside whoever is there.
    package func start(_ slot: WorkerSlot) {
        let process = SupervisedProcess(
            label: slot.description, output: output, logger: logger,
            makeLaunch: { [makeCommand] in
                let name = "\(slot).\(String(UInt32.random(in: 0 ... .max), radix: 36))"
                return SupervisedProcess.Launch(name: name, command: makeCommand(slot, name))
            }, onEnd: onEnd)
        places[nextPlace] = Place(slot: slot, process: process)
        nextPlace += 1
        submit.yield(process)
    }

    /// Slots with a worker that is to stay, in order.
    package var slots: [WorkerSlot] { Set(places.values.filter { !$0.isRetiring }.map(\.slot)).sorted() }

    package func entries() async -> [Entry] {
        var entries: [Entry] = []
        for (_, place) in places.sorted(by: { $0.key < $1.key }) {
            let run = await place.process.current
            entries.append(
                Entry(
                    slot: place.slot, name: run?.name, pid: run?.pid, restarts: await place.process.restarts,
                    isRetiring: place.isRetiring, isHopeless: await place.process.isHopeless))
        }
        return entries.sorted { $0.slot < $1.slot }
    }

    /// The newest worker in `slot`.
    package func newest(in slot: WorkerSlot) async -> Entry? {
        let ids = places.filter { $0.value.slot == slot && !$0.value.isRetiring }.keys
        guard let id = ids.max(), let place = places[id] else { return nil }
        let run = await place.process.current
        return Entry(
            slot: slot, name: run?.name, pid: run?.pid, restarts: await place.process.restarts, isRetiring: false,
            isHopeless: await place.process.isHopeless)
    }

    /// Drains everybody in `slot`, but the newest when `keepingNewest`, and waits until they ended.
    ///
    /// - Returns: what ended otherwise than well.
    package func drain(_ slot: WorkerSlot, keepingNewest: Bool) async -> [ProcessExit] {
        var ids = places.filter { $0.value.slot == slot && !$0.value.isRetiring }.keys.sorted()
        if keepingNewest { ids = ids.dropLast() }
        for id in ids { places[id]?.isRetiring = true }
        var failures: [ProcessExit] = []
        for id in ids {
            guard let process = places[id]?.process else { continue }
            if let name = await process.current?.name { await onDrain(name) }
            let exit = await process.stop(within: Self.drainMax(of: slot.kind))
            if let exit, !exit.isSuccess { failures.append(exit) }
            places[id] = nil
        }
        return failures
    }

    /// Gives up the newest in `slot`, which did not come to serve.
    package func abandonNewest(in slot: WorkerSlot) async {
        let ids = places.filter { $0.value.slot == slot && !$0.value.isRetiring }.keys
        guard let id = ids.max(), let process = places[id]?.process else { return }
        places[id] = nil
        await process.stop(SIGKILL, within: .seconds(5))
    }

    /// Drains everybody of `kinds` at once.
    package func drainAll(_ kinds: Set<WorkerKind>) async {
        let slots = Set(places.values.map(\.slot)).filter { kinds.contains($0.kind) }
        await withDiscardingTaskGroup { group in
            for slot in slots { group.addTask { _ = await self.drain(slot, keepingNewest: false) } }
        }
    }
}
