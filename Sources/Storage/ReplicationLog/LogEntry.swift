import Identifiers
import Leases
import Postgres

/// One row of the log: that something changed, and where to look it up.
public struct LogEntry: Sendable, Equatable {
    /// The format every kind is written in; a new one needs the cluster's feature level raised first.
    public static let formatKnown: Int16 = 1

    public let shard: ShardID
    public let sequence: ShardSequence
    public let epoch: Epoch
    public let kind: LogKind
    /// A room or user ID, by kind.
    public let key: ByteOrderedText

    public init(shard: ShardID, sequence: ShardSequence, epoch: Epoch, kind: LogKind, key: ByteOrderedText) {
        self.shard = shard
        self.sequence = sequence
        self.epoch = epoch
        self.kind = kind
        self.key = key
    }

    /// - Throws: ``LogFailure/unknownFormat(kind:format:)`` for what this build does not understand.
    init(row: PostgresRow) throws {
        let (kind, format) = (try row.int16("kind"), try row.int16("format"))
        guard let known = LogKind(rawValue: kind), format == Self.formatKnown else {
            throw LogFailure.unknownFormat(kind: kind, format: format)
        }
        self.init(
            shard: ShardID(try row.int16("shard")), sequence: ShardSequence(try row.int64("seq")),
            epoch: Epoch(try row.int64("epoch")), kind: known, key: ByteOrderedText(try row.text("key")))
    }
}

/// Why a reader of the log cannot go on.
public enum LogFailure: Error, Equatable, CustomStringConvertible {
    case unknownFormat(kind: Int16, format: Int16)

    public var description: String {
        switch self {
        case .unknownFormat(let kind, let format):
            "the log has kind \(kind) in format \(format), which this build does not know; the cluster's feature level was raised too early"
        }
    }
}
