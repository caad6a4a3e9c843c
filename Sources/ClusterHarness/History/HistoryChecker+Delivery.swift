import Identifiers

extension HistoryChecker {
    /// I1.
    func checkDelivery() -> [Violation] {
        let deliveries = record.deliveries
        var violations: [Violation] = []
        for (event, room, _) in record.acknowledged {
            guard let row = stored.events[event], row.room == room, !row.isRejected, !row.isSoftFailed else {
                violations.append(Violation(.acknowledgedIsDelivered, "\(event) was acknowledged and is not stored"))
                continue
            }
            for (stream, rooms) in record.entitlements where rooms.contains(room) {
                if deliveries[stream]?[event] == nil {
                    violations.append(
                        Violation(.acknowledgedIsDelivered, "\(event) of \(room) never came to \(stream)"))
                }
            }
        }
        return violations
    }

    /// I2: also across answers, since each step continues where the one before it ended.
    func checkOnce() -> [Violation] {
        var seen: [StreamName: Set<EventID>] = [:]
        var ends: [StreamName: String] = [:]
        var violations: [Violation] = []
        for step in record.steps {
            if let end = ends[step.stream], let since = step.since, !since.utf8.elementsEqual(end.utf8) {
                violations.append(Violation(.onceEach, "\(step.stream) did not go on where its last answer ended"))
            }
            ends[step.stream] = step.next
            for (room, event) in step.events where !seen[step.stream, default: []].insert(event).inserted {
                violations.append(Violation(.onceEach, "\(event) of \(room) came twice to \(step.stream)"))
            }
        }
        return violations
    }

    /// I6.
    func checkTransactions() -> [Violation] {
        struct Transaction: Hashable {
            let stream: StreamName
            let operation: Operation
        }
        var answers: [Transaction: EventID] = [:]
        var violations: [Violation] = []
        for attempt in record.attempts {
            guard case .send = attempt.operation, case .accepted(let event?) = attempt.outcome else { continue }
            let transaction = Transaction(stream: attempt.stream, operation: attempt.operation)
            if let earlier = answers[transaction], earlier != event {
                violations.append(
                    Violation(
                        .transactionsAreStable,
                        "\(attempt.stream), \(attempt.operation): first \(earlier), then \(event)"))
            }
            answers[transaction] = event
        }
        return violations
    }
}
