import ClusterHarness

/// Something worth a figure.
protocol Benchmark: Sendable {
    /// How it is called on the command line.
    static var name: String { get }

    init()

    /// Measures on a cluster of its own.
    func run() async throws -> [Figure]
}

/// One measured value, with its unit in the name or the text.
struct Figure: Sendable, CustomStringConvertible {
    let name: String
    let text: String

    init(_ name: String, _ text: String) {
        self.name = name
        self.text = text
    }

    init(_ name: String, _ value: Double, digits: Int = 1) {
        let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
        self.init(name, "\((value * scale).rounded() / scale)")
    }

    init(_ name: String, _ duration: Duration) { self.init(name, duration.inMilliseconds) }

    var description: String { "\(name)=\(text)" }
}

extension Duration {
    /// As a number of seconds.
    var inSeconds: Double { self / .seconds(1) }
}

/// Why there is no figure.
enum BenchmarkFailure: Error, CustomStringConvertible {
    case unexpected(String)
    var description: String {
        switch self {
        case .unexpected(let what): "unexpected: \(what)"
        }
    }
}
