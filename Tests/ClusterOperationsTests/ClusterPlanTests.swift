import ClusterOperations
import Leases
import Testing

struct ClusterPlanTests {
    private static let slots = [
        WorkerSlot(kind: .client, number: 1), WorkerSlot(kind: .sync, number: 2), WorkerSlot(kind: .sync, number: 1),
        WorkerSlot(kind: .roomWriter, number: 1),
    ]

    @Test func aRollStartsEachWorkersSuccessorBeforeItDrains() {
        let plan = RollPlan(slots: Self.slots, kind: nil)
        let order = ["writer-1", "sync-1", "sync-2", "client-1"]
        #expect(plan.steps.count == 3 * order.count)
        for (index, name) in order.enumerated() {
            let steps = Array(plan.steps[(3 * index)..<(3 * index + 3)])
            guard case .start(let slot) = steps[0] else {
                Issue.record("a slot begins with \(steps[0])")
                continue
            }
            #expect(slot.description == name)
            #expect(steps == [.start(slot), .awaitServing(slot), .drainOld(slot)])
        }
    }

    @Test func aRollOfOneKindLeavesTheOthersAlone() {
        let plan = RollPlan(slots: Self.slots, kind: .sync)
        #expect(plan.steps.count == 6)
        #expect(RollPlan(slots: Self.slots, kind: .initialSync).steps.isEmpty)
    }

    @Test func scalingTakesFreeNumbersAndGivesUpTheHighest() {
        let up = ScalePlan(from: Self.slots, to: WorkerCounts([.client: 1, .sync: 4, .roomWriter: 1]))
        #expect(up.start.map(\.description) == ["sync-3", "sync-4"])
        #expect(up.drain.isEmpty)
        let down = ScalePlan(from: Self.slots, to: WorkerCounts([.client: 1, .sync: 1, .roomWriter: 0]))
        #expect(down.start.isEmpty)
        #expect(down.drain.map(\.description) == ["writer-1", "sync-2"])
        let gap = ScalePlan(from: [WorkerSlot(kind: .sync, number: 2)], to: WorkerCounts([.sync: 2]))
        #expect(gap.start.map(\.description) == ["sync-1"])
    }

    @Test func countsAreTakenByEitherName() throws {
        let counts = WorkerCounts([.client: 2, .sync: 2])
        let changed = try counts.changed(by: ["sync=5", "room-writer=3", "initial=0"])
        #expect(changed.description == "client=2 sync=5 initial=0 writer=3 housekeeper=0 media=0 push=0")
    }

    @Test(arguments: ["sync", "sync=", "sync=x", "sync=-1", "sync=65", "federation=1", "=1", "sync=1=2"])
    func whatIsNoCountIsRefused(word: String) {
        #expect(throws: WorkerCounts.Problem.self) { try WorkerCounts().changed(by: [word]) }
    }

    @Test func aScaleWithOneWrongWordChangesNothing() {
        let counts = WorkerCounts([.sync: 2])
        #expect(throws: WorkerCounts.Problem.self) { try counts.changed(by: ["sync=5", "oops=1"]) }
        #expect(counts[.sync] == 2)
    }
}
