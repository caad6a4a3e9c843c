/// Which statements a connection has prepared, by text and parameter types.
///
/// Two things go wrong with a plain dictionary by text. A prepare that fails, or is skipped because its pipeline was
/// aborted, would leave others behind it with a name the server does not know: only confirmed names are shared, until
/// then others go unprepared. And one text bound first to an `int4`, later to an `int8`, are two statements.
struct PreparedStatements {
    enum Use: Equatable {
        case unprepared
        case prepareFirst(String)
        case prepared(String)

        var name: String? {
            switch self {
            case .unprepared: nil
            case .prepareFirst(let name), .prepared(let name): name
            }
        }
    }

    private struct Key: Hashable {
        let sql: String
        let types: [UInt32]
    }

    private struct Entry {
        let name: String
        var isConfirmed = false
    }

    /// Statements kept on a connection; beyond, statements are sent unprepared.
    static let countMax = 500

    private var entries: [Key: Entry] = [:]
    private var keys: [String: Key] = [:]
    /// Names are never used twice on a connection: one that was forgotten may live on in the server.
    private var named = 0

    init() {}

    mutating func use(of sql: String, types: [UInt32]) -> Use {
        let key = Key(sql: sql, types: types)
        if let entry = entries[key] { return entry.isConfirmed ? .prepared(entry.name) : .unprepared }
        guard named < Self.countMax else { return .unprepared }
        let name = "s\(named)"
        named += 1
        entries[key] = Entry(name: name)
        keys[name] = key
        return .prepareFirst(name)
    }

    mutating func confirm(_ name: String) {
        guard let key = keys[name] else { return }
        entries[key]?.isConfirmed = true
    }

    mutating func forget(_ name: String) {
        guard let key = keys.removeValue(forKey: name) else { return }
        entries[key] = nil
    }
}
