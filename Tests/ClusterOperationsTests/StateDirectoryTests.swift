import ClusterOperations
import Foundation
import Testing

struct StateDirectoryTests {
    private static func withPath(_ body: (String) throws -> Void) throws {
        let path = "/tmp/apus-state-\(UInt32.random(in: 0 ... .max))"
        defer {
            // Left-overs in the temporary folder harm nobody.
            try? FileManager.default.removeItem(atPath: path)
        }
        try body(path)
    }

    @Test func oneClusterAtATimeOwnsAFolder() throws {
        try Self.withPath { path in
            do {
                let owner = try StateDirectory.take(path)
                #expect(throws: StateDirectory.Problem.self) { try StateDirectory.take(path) }
                withExtendedLifetime(owner) {}
            }
            _ = try StateDirectory.take(path)
        }
    }

    @Test func secretsAndTheKeyAreMadeOnceAndForTheirOwnerAlone() throws {
        try Self.withPath { path in
            let state = try StateDirectory.take(path)
            let secret = try state.secret("cluster")
            #expect(secret.utf8.count == 64)
            #expect(try state.secret("cluster") == secret)
            try state.ensureSigningKey()
            let key = try String(contentsOfFile: state.signingKeyPath, encoding: .utf8)
            try state.ensureSigningKey()
            #expect(try String(contentsOfFile: state.signingKeyPath, encoding: .utf8) == key)
            for file in [path + "/secrets/cluster", state.signingKeyPath] {
                let attributes = try FileManager.default.attributesOfItem(atPath: file)
                #expect((attributes[.posixPermissions] as? Int) == 0o600)
            }
        }
    }

    @Test func pathsTooLongForSocketsAreRefused() {
        #expect(throws: StateDirectory.Problem.self) {
            try StateDirectory.take("/tmp/" + String(repeating: "x", count: 100))
        }
    }

    @Test func commandsForAClusterThatDoesNotRunSaySo() {
        #expect(throws: StateDirectory.Problem.self) { try ControlAddress.read(statePath: "/tmp/no-such-cluster") }
    }
}
