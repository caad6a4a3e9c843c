import ClientGateway
import Identifiers
import Testing

@Suite struct SignedNonceTests {
    private let now = Timestamp(milliseconds: 1_700_000_000_000)
    private let nonces = SignedNonce(secret: Array("secret".utf8), purpose: "test", life: .seconds(60))

    @Test func aNonceIsGoodForItsOperationUntilItExpires() {
        let nonce = nonces.make(for: "a", at: now)
        #expect(nonces.isValid(nonce, for: "a", at: now))
        #expect(nonces.isValid(nonce, for: "a", at: now.advanced(by: .seconds(60))))
        #expect(!nonces.isValid(nonce, for: "a", at: now.advanced(by: .milliseconds(60_001))))
        #expect(!nonces.isValid(nonce, for: "b", at: now))
    }

    @Test func anotherWorkerWithTheSecretAcceptsIt() {
        let twin = SignedNonce(secret: Array("secret".utf8), purpose: "test", life: .seconds(60))
        #expect(twin.isValid(nonces.make(for: "a", at: now), for: "a", at: now))
        let otherSecret = SignedNonce(secret: Array("other".utf8), purpose: "test", life: .seconds(60))
        #expect(!otherSecret.isValid(nonces.make(for: "a", at: now), for: "a", at: now))
        let otherPurpose = SignedNonce(secret: Array("secret".utf8), purpose: "other", life: .seconds(60))
        #expect(!otherPurpose.isValid(nonces.make(for: "a", at: now), for: "a", at: now))
    }

    @Test func noncesDifferAndAChangedOneIsRefused() {
        let nonce = nonces.make(for: "a", at: now)
        #expect(nonce != nonces.make(for: "a", at: now))
        for index in nonce.indices {
            var changed = Array(nonce)
            let offset = nonce.distance(from: nonce.startIndex, to: index)
            changed[offset] = changed[offset] == "0" ? "1" : "0"
            #expect(!nonces.isValid(String(changed), for: "a", at: now))
        }
        for text in ["", "00", "zz", nonce + "00", String(nonce.dropLast(2))] {
            #expect(!nonces.isValid(text, for: "a", at: now))
        }
    }
}
