import HTTPServer
import OutboundHTTP
import TestSupport
import Testing

/// The bounds on what a worker carries out and what waits, at the bounds.
struct AdmissionTests {
    private static func statuses(_ responses: [HTTPResponse]) -> [Int: Int] {
        responses.reduce(into: [:]) { $0[$1.status, default: 0] += 1 }
    }

    @Test(.timeLimit(.minutes(1))) func oneRequestBeyondPlacesAndQueueIsRefusedAtOnce() async throws {
        let cost = CostClass.initialSync
        let gate = Gate()
        let routes: [(Route, HTTPListener.Handler)] = [
            (
                .test(cost: cost),
                { _ in
                    try await gate.pass()
                    return HTTPAnswer(json: "{}")
                }
            ),
            (.test(.get, "/light"), { _ in HTTPAnswer(json: "{}") }),
        ]
        try await ListeningServer.with(routes) { server in
            try await withThrowingTaskGroup(of: HTTPResponse.self) { group in
                for _ in 0..<cost.inFlightMax { group.addTask { try await server.send("GET", "/test") } }
                try await eventually("all places are taken") { gate.arrivals == cost.inFlightMax }
                for _ in 0..<cost.waitingMax { group.addTask { try await server.send("GET", "/test") } }
                let beyond = 10
                var refused: [HTTPResponse] = []
                // The queue fills while these come: what is refused is what is beyond it.
                for _ in 0..<beyond { group.addTask { try await server.send("GET", "/test") } }
                while refused.count < beyond, let response = try await group.next() { refused.append(response) }
                #expect(refused.allSatisfy { $0.status == 429 })
                let answer = try #require(refused.first)
                #expect(answer.head.header("retry-after").flatMap { Int($0) } ?? 0 >= 1)
                #expect(String(decoding: answer.body, as: UTF8.self).contains("M_LIMIT_EXCEEDED"))
                #expect(gate.arrivals == cost.inFlightMax)
                #expect(try await server.send("GET", "/light").status == 200, "another class has its own places")
                gate.open()
                var others: [HTTPResponse] = []
                for try await response in group { others.append(response) }
                #expect(Self.statuses(others) == [200: cost.inFlightMax + cost.waitingMax])
            }
            #expect(server.listener.inFlight == 0)
        }
    }

    @Test(.timeLimit(.minutes(1))) func whatWaitsLongerThanItsClassAllowsIsRefused() async throws {
        let cost = CostClass.read
        let gate = Gate()
        let route: (Route, HTTPListener.Handler) = (
            .test(cost: cost),
            { _ in
                try await gate.pass()
                return HTTPAnswer(json: "{}")
            }
        )
        try await ListeningServer.with([route]) { server in
            try await withThrowingTaskGroup(of: HTTPResponse.self) { group in
                for _ in 0..<cost.inFlightMax { group.addTask { try await server.send("GET", "/test") } }
                try await eventually("all places are taken") { gate.arrivals == cost.inFlightMax }
                let began = ContinuousClock.now
                let late = try await server.send("GET", "/test")
                #expect(late.status == 429)
                #expect(ContinuousClock.now - began >= cost.waitMax)
                gate.open()
                for try await response in group { #expect(response.status == 200) }
            }
        }
    }

    @Test func aPlaceIsFreeAgainWhateverBecameOfItsRequest() async throws {
        struct Oops: Error {}
        let cost = CostClass.initialSync
        try await ListeningServer.with([(.test(cost: cost), { _ in throw Oops() })]) { server in
            for _ in 0..<(3 * cost.inFlightMax) {
                let response = try await server.send("GET", "/test")
                #expect(response.status == 500)
                #expect(!String(decoding: response.body, as: UTF8.self).contains("Oops"))
            }
            #expect(server.listener.inFlight == 0)
        }
    }
}
