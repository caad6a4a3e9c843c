import Identifiers
import Leases
import ReplicationLog
import Testing

@Suite struct CutTests {
    private func cut(_ generation: Int64, _ positions: Int64...) -> Cut {
        Cut(generation: generation, positions: positions.map { ShardSequence($0) })
    }

    private func entry(_ shard: Int16, _ sequence: Int64) -> LogEntry {
        LogEntry(
            shard: ShardID(shard), sequence: ShardSequence(sequence), epoch: Epoch(1), kind: .event,
            key: ByteOrderedText("!r:x"))
    }

    private func reading(_ shard: Int16, head: Int64, generation: Int64 = 1, _ sequences: Int64...) -> HeadReading {
        HeadReading(
            shard: ShardID(shard), head: ShardSequence(head), generation: generation,
            entries: sequences.map { entry(shard, $0) })
    }

    @Test func aCutIsAtLeastAnotherOnlyInEveryShard() {
        #expect(cut(1, 2, 3).isAtLeast(cut(1, 2, 3)))
        #expect(!cut(1, 2, 3).isAtLeast(cut(1, 3, 3)))
        #expect(!cut(1, 9, 9).isAtLeast(cut(2, 1, 1)), "a later generation is not reached by an earlier one")
        #expect(cut(2, 9, 9).isAtLeast(cut(1, 1, 1)))
        #expect(cut(2, 1, 1).isAtLeast(cut(1, 9, 9)), "restored twice from one backup, heads begin where they did")
        #expect(cut(1, 2, 3).clamped(to: cut(2, 5, 1)) == cut(2, 2, 1))
    }

    @Test func aStepTakesContiguousEntriesAndCallsTheRestUnexplained() throws {
        let readings = [
            reading(0, head: 3, 2, 3), reading(1, head: 4, 3, 4), reading(2, head: 3, 2), reading(3, head: 9),
        ]
        guard case .moved(let update) = TailStep(readings, after: cut(1, 1, 1, 1, 1)) else {
            Issue.record("heads that are ahead are a move")
            return
        }
        #expect(update.entries.map(\.sequence.value) == [2, 3])
        #expect(update.unexplained.map(\.number) == [1, 2, 3])
        #expect(update.cut == cut(1, 3, 4, 3, 9))
    }

    @Test func aJumpOfGenerationIsAGapInEveryShard() throws {
        let far = ClusterGeneration.jump
        let readings = [reading(0, head: far, generation: 2), reading(1, head: 2 + far, generation: 2)]
        guard case .moved(let update) = TailStep(readings, after: cut(1, 0, 5)) else {
            Issue.record("a new generation is a move")
            return
        }
        #expect(update.unexplained.count == 2)
        #expect(update.cut == cut(2, far, 2 + far))
    }

    /// Restored twice from one backup, a shard's positions are given out again, and may be where they were.
    @Test func whatFollowsAPositionInALaterGenerationIsNotTakenForAllThereIs() throws {
        let readings = [reading(0, head: 7, generation: 3), reading(1, head: 9, generation: 3, 8, 9)]
        guard case .moved(let update) = TailStep(readings, after: cut(2, 7, 7)) else {
            Issue.record("a new generation is a move")
            return
        }
        #expect(update.unexplained.map(\.number) == [0, 1])
        #expect(update.entries.isEmpty)
    }

    @Test func aHeadThatWentBackInItsGenerationIsNeverTakenOver() {
        guard case .wentBack = TailStep([reading(0, head: 4), reading(1, head: 9, 9)], after: cut(1, 5, 8)) else {
            Issue.record("positions must not go back")
            return
        }
    }
}
