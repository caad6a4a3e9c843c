import BlockingWork
import Dispatch
import Testing

@Suite struct BoundedWorkPoolTests {
    @Test func aFullQueueRefusesAndLosesNothing() async {
        let pool = BoundedWorkPool(threadsMax: 2, queueMax: 3)
        let gate = DispatchSemaphore(value: 0)
        let (starts, start) = AsyncStream.makeStream(of: Void.self)
        await withTaskGroup(of: Int?.self) { group in
            for number in 0..<2 {
                group.addTask {
                    await pool.run {
                        start.yield()
                        gate.wait()
                        return number
                    }
                }
            }
            var running = 0
            for await _ in starts {
                running += 1
                if running == 2 { break }
            }
            for number in 2..<5 { group.addTask { await pool.run { number } } }
            while pool.waitingCount < 3 { await Task.yield() }

            let refused = await pool.run { 99 }
            #expect(refused == nil)

            for _ in 0..<2 { gate.signal() }
            let results = await group.reduce(into: []) { $0.append($1) }
            #expect(results.compactMap { $0 }.sorted() == [0, 1, 2, 3, 4])
            #expect(await pool.run { 7 } == 7)
        }
    }
}
