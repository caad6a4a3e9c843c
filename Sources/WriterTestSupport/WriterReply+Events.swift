import Identifiers
import WorkerContracts

extension WriterReply {
    /// The events of a command that took effect.
    ///
    /// - Throws: ``NotDone`` for any other reply.
    package func events(fileID: String = #fileID, line: Int = #line) throws -> [EventID] {
        guard case .done(let events, _) = self else { throw NotDone(reply: self, place: "\(fileID):\(line)") }
        return events
    }
}

/// A command that a test gave did not take effect.
package struct NotDone: Error, CustomStringConvertible {
    package let reply: WriterReply
    /// Who wanted it done: file and line.
    let place: String

    package var description: String { "\(place): not done: \(reply)" }
}
