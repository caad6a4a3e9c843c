import Identifiers

extension HistoryChecker {
    /// How long after the last fault requests may still fail.
    static let failuresMax = Duration.seconds(10)
    /// How long after its acknowledgement, or the last fault, an event may take to reach everybody.
    static let deliveryMax = Duration.seconds(30)

    /// I8.
    func checkRecovery() -> [Violation] {
        checkFailuresEnd() + checkDeliveryInTime()
    }

    private func checkFailuresEnd() -> [Violation] {
        record.attempts.compactMap { attempt in
            guard case .failed(let failure) = attempt.outcome else { return nil }
            guard let fault = record.lastFaultAt else {
                return Violation(.recovers, "\(attempt.stream), \(attempt.operation): \(failure), without any fault")
            }
            guard attempt.startedAt > fault + Self.failuresMax else { return nil }
            let late = fault.duration(to: attempt.startedAt)
            return Violation(
                .recovers, "\(attempt.stream), \(attempt.operation): \(failure), \(late) after the last fault")
        }
    }

    private func checkDeliveryInTime() -> [Violation] {
        let deliveries = record.deliveries
        return record.acknowledged.flatMap { event, room, at -> [Violation] in
            let dueAt = max(at, record.lastFaultAt ?? at) + Self.deliveryMax
            return record.entitlements.compactMap { stream, rooms in
                guard rooms.contains(room), let came = deliveries[stream]?[event], came > dueAt else { return nil }
                return Violation(
                    .recovers, "\(event) of \(room) came to \(stream) \(at.duration(to: came)) after its 200")
            }
        }
    }
}
