import Identifiers

extension HistoryChecker {
    /// I3: the stored order of a room is the one every stream has to show.
    func checkOrder() -> [Violation] {
        checkParents() + checkStreams()
    }

    private func checkParents() -> [Violation] {
        var violations: [Violation] = []
        for row in stored.events.values {
            for parent in row.event.prevEvents {
                guard let before = stored.events[parent] else {
                    violations.append(Violation(.oneOrder, "\(row.event.id) follows \(parent), which is not stored"))
                    continue
                }
                if before.position >= row.position {
                    violations.append(Violation(.oneOrder, "\(row.event.id) is stored before its parent \(parent)"))
                }
            }
        }
        return violations
    }

    private func checkStreams() -> [Violation] {
        struct Place: Hashable {
            let stream: StreamName
            let room: RoomID
        }
        var last: [Place: StoredCluster.EventRow] = [:]
        var violations: [Violation] = []
        for step in record.steps {
            for (room, event) in step.events {
                guard let row = stored.events[event] else {
                    violations.append(Violation(.oneOrder, "\(step.stream) got \(event), which is not stored"))
                    continue
                }
                let place = Place(stream: step.stream, room: room)
                if let before = last[place], before.position > row.position {
                    violations.append(
                        Violation(.oneOrder, "\(step.stream) got \(event) of \(room) after \(before.event.id)"))
                }
                last[place] = row
            }
        }
        return violations
    }
}
