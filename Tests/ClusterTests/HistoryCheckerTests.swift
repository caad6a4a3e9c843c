import CanonicalJSON
import ClusterHarness
import Events
import Identifiers
import OutboundHTTP
import RoomRules
import Signing
import Testing

@Suite struct HistoryCheckerTests {
    /// The invariants that are broken after `change`.
    private func broken(_ change: (inout MadeUpHistory) throws -> Void) throws -> Set<Violation.Invariant> {
        var history = try MadeUpHistory()
        try change(&history)
        return Set(history.violations.map(\.invariant))
    }

    @Test func aRightHistoryIsFoundRight() throws {
        #expect(try MadeUpHistory().violations == [])
    }

    @Test func anAcknowledgedEventThatIsNotStoredIsFound() throws {
        let found = try broken { history in
            let lost = try #require(EventID("$lost"))
            history.attempt(history.streams[1], "lost", at: 1, .accepted(lost))
        }
        #expect(found.contains(.acknowledgedIsDelivered))
    }

    @Test func anEventMissingInOneStreamIsFound() throws {
        let found = try broken { history in
            history.record.steps[4].events.removeFirst()
        }
        #expect(found == [.acknowledgedIsDelivered])
    }

    @Test func aRejectedEventThatWasAcknowledgedIsFound() throws {
        let found = try broken { $0.stored.events[$0.messages[3].id]?.isRejected = true }
        #expect(found.contains(.acknowledgedIsDelivered))
    }

    @Test func anEventThatComesTwiceIsFound() throws {
        let found = try broken { $0.step($0.streams[2], "s2", "s3", [$0.messages[3].id], at: 9) }
        #expect(found == [.onceEach])
    }

    @Test func aStreamThatSkipsAStepIsFound() throws {
        #expect(try broken { $0.step($0.streams[2], "s1", "s3", [], at: 9) } == [.onceEach])
    }

    @Test func streamsInDifferentOrdersAreFound() throws {
        #expect(try broken { $0.record.steps[4].events.swapAt(0, 1) } == [.oneOrder])
    }

    @Test func aChildStoredBeforeItsParentIsFound() throws {
        let found = try broken { history in
            history.stored.events[history.messages[0].id]?.position = ShardSequence(100)
        }
        #expect(found.contains(.oneOrder))
    }

    @Test func aStrangeEventInAStreamIsFound() throws {
        let found = try broken { history in
            history.step(history.streams[1], "s2", "s3", [try #require(EventID("$strange"))], at: 9)
        }
        #expect(found == [.oneOrder])
    }

    @Test func aHoleInTheLogIsFound() throws {
        #expect(try broken { $0.stored.log.remove(at: 3) } == [.logIsSound])
    }

    @Test func aPositionGivenTwiceIsFound() throws {
        #expect(try broken { $0.stored.log.append($0.stored.log[3]) } == [.logIsSound])
    }

    @Test func anEpochThatGoesBackIsFound() throws {
        let found = try broken { history in
            history.stored.heads[history.fixture.shard]?.epoch = 2
            for index in 2..<5 { history.stored.log[index].epoch = 2 }
        }
        #expect(found == [.logIsSound])
    }

    @Test func aHeadBehindItsLogIsFound() throws {
        let found = try broken { $0.stored.heads[$0.fixture.shard]?.sequence = ShardSequence(2) }
        #expect(found == [.logIsSound])
    }

    @Test func twoOwnersOfAnEpochAreFound() throws {
        let found = try broken { history in
            history.record.sightings.insert(OwnerSighting(shard: history.fixture.shard, epoch: 1, owner: "b"))
        }
        #expect(found == [.logIsSound])
    }

    @Test func aMessageOfSomebodyWhoIsNotInTheRoomIsFound() throws {
        let found = try broken { history in
            let server = try #require(ServerName("localhost"))
            let key = try SigningKey(keyID: "ed25519:test", seed: Array(repeating: 3, count: 32))
            let stranger = try #require(UserID(localpart: "stranger", server: server))
            let builder = EventBuilder(rules: RoomVersion.default.rules, server: server, key: key)
            let event = try builder.build(
                room: history.fixture.room, type: "m.room.message", stateKey: nil, sender: stranger, content: [:],
                prev: history.messages.suffix(1), auth: [], originServerTS: Timestamp(milliseconds: 9))
            let last = try #require(history.stored.events[history.messages[3].id])
            history.stored.events[event.id] = StoredCluster.EventRow(
                event: event, room: history.fixture.room, position: last.position.advanced(by: 1),
                stateBefore: last.stateAfter, stateAfter: last.stateAfter)
        }
        #expect(found == [.eventsAreAuthorised])
    }

    @Test func anEventWhoseContentWasChangedIsFound() throws {
        let found = try broken { history in
            let id = history.messages[1].id
            var json = history.messages[1].json
            json["content"] = ["body": "something else"]
            history.stored.events[id]?.event = try Event(json: json, id: id, format: .v12)
        }
        #expect(found == [.eventsAreAuthorised])
    }

    @Test func aStoredStateThatEventsDoNotLeadToIsFound() throws {
        let found = try broken { history in
            let key = StateMapKey(type: "m.room.topic", stateKey: "")
            let root = try #require(history.stored.events[history.messages[0].id]?.stateAfter)
            let entries = StateRootEncoding.encode([(key, history.messages[0].id)])
            history.stored.roots[root]?.entries = entries
        }
        #expect(found == [.eventsAreAuthorised])
    }

    @Test func aCurrentStateThatEventsDoNotLeadToIsFound() throws {
        let found = try broken { $0.stored.currentState[$0.fixture.room]?[.joinRules] = nil }
        #expect(found == [.eventsAreAuthorised])
    }

    @Test func aRepeatedTransactionWithAnotherEventIsFound() throws {
        let found = try broken { $0.attempt($0.streams[0], "t0", at: 9, .accepted($0.messages[1].id)) }
        #expect(found == [.transactionsAreStable])
    }

    @Test func aFailureWithoutAFaultIsFound() throws {
        let found = try broken { $0.attempt($0.streams[0], "x", at: 2, .failed(.broken(.timedOut))) }
        #expect(found == [.recovers])
    }

    @Test func failuresRightAfterAFaultAreAllowedAndLaterOnesFound() throws {
        let failure = Attempt.Outcome.failed(.refused(status: 503, errcode: nil))
        let early = try broken { history in
            history.record.lastFaultAt = MadeUpHistory.start + .seconds(1)
            history.attempt(history.streams[0], "x", at: 5, failure)
        }
        #expect(early == [])
        let late = try broken { history in
            history.record.lastFaultAt = MadeUpHistory.start + .seconds(1)
            history.attempt(history.streams[0], "x", at: 12, failure)
        }
        #expect(late == [.recovers])
    }

    @Test func aDeliveryThatTakesTooLongIsFound() throws {
        let found = try broken { history in
            let late = history.record.steps.map { step in
                var step = step
                if step.next.utf8.elementsEqual("s2".utf8) { step.at = MadeUpHistory.start + .seconds(60) }
                return step
            }
            history.record.steps = late
        }
        #expect(found == [.recovers])
    }

    @Test func onlySoManyViolationsOfAnInvariantAreTold() throws {
        var history = try MadeUpHistory()
        for number in 0..<100 {
            history.attempt(history.streams[0], "x\(number)", at: 2, .failed(.broken(.timedOut)))
        }
        #expect(history.violations.count == HistoryChecker.violationsToldMax)
    }
}
