// A hash that is the same in every process, so that state trees have one shape for one content and their iteration
// order can be relied on. SipHash-1-3 with a fixed key: fast on short strings and, unlike FNV, without a shortcut for
// making thousands of state keys that collide and turn one node of a room's tree into a list.

/// SipHash-1-3 over bytes fed in pieces, with a fixed key.
struct StableHash {
    private var v0: UInt64 = 0x736f_6d65_7073_6575 ^ 0x6170_7573_6170_7573
    private var v1: UInt64 = 0x646f_7261_6e64_6f6d ^ 0x7374_6174_6574_7265
    private var v2: UInt64 = 0x6c79_6765_6e65_7261 ^ 0x6170_7573_6170_7573
    private var v3: UInt64 = 0x7465_6462_7974_6573 ^ 0x7374_6174_6574_7265
    private var tail: UInt64 = 0
    private var count: UInt64 = 0

    mutating func combine(_ byte: UInt8) {
        tail |= UInt64(byte) << ((count & 7) * 8)
        count &+= 1
        if count & 7 == 0 {
            absorb(tail)
            tail = 0
        }
    }

    mutating func combine(_ text: String) {
        for byte in text.utf8 { combine(byte) }
    }

    mutating func finalize() -> UInt64 {
        absorb(tail | (count << 56))
        v2 ^= 0xff
        for _ in 0..<3 { round() }
        return v0 ^ v1 ^ v2 ^ v3
    }

    private mutating func absorb(_ word: UInt64) {
        v3 ^= word
        round()
        v0 ^= word
    }

    private mutating func round() {
        v0 = v0 &+ v1
        v1 = (v1 << 13 | v1 >> 51) ^ v0
        v0 = v0 << 32 | v0 >> 32
        v2 = v2 &+ v3
        v3 = (v3 << 16 | v3 >> 48) ^ v2
        v0 = v0 &+ v3
        v3 = (v3 << 21 | v3 >> 43) ^ v0
        v2 = v2 &+ v1
        v1 = (v1 << 17 | v1 >> 47) ^ v2
        v2 = v2 << 32 | v2 >> 32
    }
}
