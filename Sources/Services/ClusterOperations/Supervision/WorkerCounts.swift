import Leases

/// How many workers of each kind there should be.
package struct WorkerCounts: Sendable, Equatable, CustomStringConvertible {
    /// The most of one kind on one machine.
    package static let countMax = 64

    package private(set) var counts: [WorkerKind: Int]

    package init(_ counts: [WorkerKind: Int] = [:]) { self.counts = counts }

    package subscript(kind: WorkerKind) -> Int {
        get { counts[kind, default: 0] }
        set { counts[kind] = newValue }
    }

    package enum Problem: Error, Equatable, CustomStringConvertible {
        case notACount(String)
        case unknownKind(String)
        case outOfRange(String)

        package var description: String {
            switch self {
            case .notACount(let text): "'\(text)' is not KIND=NUMBER"
            case .unknownKind(let text):
                "'\(text)' is not a kind of worker; there are \(WorkerKind.allCases.map(\.shortName).joined(separator: ", "))"
            case .outOfRange(let text): "'\(text)' is not from 0 to \(WorkerCounts.countMax)"
            }
        }
    }

    /// Takes words such as `sync=5` over these counts.
    package func changed(by words: [String]) throws(Problem) -> WorkerCounts {
        var changed = self
        for word in words {
            let parts = word.split(separator: "=", omittingEmptySubsequences: false)
            guard parts.count == 2, let number = Int(parts[1]) else { throw .notACount(word) }
            guard let kind = WorkerKind(operatorName: String(parts[0])) else { throw .unknownKind(String(parts[0])) }
            guard (0...Self.countMax).contains(number) else { throw .outOfRange(word) }
            changed[kind] = number
        }
        return changed
    }

    package var description: String {
        WorkerKind.allCases.map { "\($0.shortName)=\(self[$0])" }.joined(separator: " ")
    }
}

extension WorkerKind {
    /// As operators type it.
    package var shortName: String {
        switch self {
        case .client: "client"
        case .sync: "sync"
        case .initialSync: "initial"
        case .roomWriter: "writer"
        case .housekeeper: "housekeeper"
        case .media: "media"
        case .push: "push"
        }
    }

    /// Takes the short name or the registry's.
    package init?(operatorName name: String) {
        guard let kind = Self.allCases.first(where: { $0.shortName == name || $0.rawValue == name }) else { return nil }
        self = kind
    }

    /// The executable that is this kind of worker.
    package var executable: String {
        switch self {
        case .client: "apus-client"
        case .sync, .initialSync: "apus-sync"
        case .roomWriter: "apus-room-writer"
        case .housekeeper: "apus-housekeeper"
        case .media: "apus-media"
        case .push: "apus-push"
        }
    }
}
