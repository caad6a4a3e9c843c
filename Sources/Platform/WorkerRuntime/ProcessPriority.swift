import FoundationEssentials
import Glibc

/// The priority the kernel gives this process when there is not processor time for all.
public enum ProcessPriority {
    /// What ``lower()`` sets: beside a process of normal priority this one gets about a tenth of a contended processor.
    public static let lowerNiceness: Int32 = 10

    /// The kernel did not agree for a thread.
    public struct Refusal: Error, CustomStringConvertible {
        /// The system's error number.
        public let number: Int32
        public var description: String { String(cString: strerror(number)) }
    }

    /// Lets other processes go first, for a worker whose requests are large and in no hurry.
    ///
    /// On Linux the priority is a thread's: all there are get it, and those to come inherit it.
    ///
    /// - Throws: ``Refusal``, or why the threads cannot be listed.
    public static func lower() throws {
        for thread in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").compactMap({ id_t($0) }) {
            // One that has ended meanwhile needs no priority.
            guard setpriority(Int32(PRIO_PROCESS.rawValue), thread, lowerNiceness) == 0 || errno == ESRCH else {
                throw Refusal(number: errno)
            }
        }
    }
}
