import FoundationEssentials
import Glibc

/// The priority the kernel gives this process when there is not processor time for all.
public enum ProcessPriority {
    /// What ``lower()`` sets: beside a process of normal priority this one gets about a tenth of a contended processor.
    public static let lowerNiceness: Int32 = 10

    /// Lets other processes go first, for a worker whose requests are large and in no hurry.
    ///
    /// On Linux the priority is a thread's: all there are get it, and those to come inherit it.
    ///
    /// - Returns: whether the kernel agreed for every thread.
    @discardableResult
    public static func lower() -> Bool {
        // Without /proc there is the calling thread at least, whose number is 0.
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? ["0"]
        return threads.compactMap { id_t($0) }.allSatisfy {
            setpriority(Int32(PRIO_PROCESS.rawValue), $0, lowerNiceness) == 0
        }
    }
}
