/// Parameters laid out as libpq wants them: pointers, lengths and formats, alive during one call.
struct ParameterBuffers {
    private let contents: [[UInt8]?]

    init(_ parameters: [PostgresValue]) {
        contents = parameters.map(BinaryFormat.encode)
    }

    func withPointers<Result>(
        _ body: (UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?) -> Result
    ) -> Result {
        let lengths = contents.map { Int32($0?.count ?? 0) }
        let formats = contents.map { _ in Int32(1) }
        // One buffer for all: a pointer into an array is only valid inside its closure, and closures do not nest
        // over a variable count.
        var joined: [UInt8] = []
        joined.reserveCapacity(contents.reduce(1) { $0 + ($1?.count ?? 0) })
        var offsets: [Int?] = []
        for content in contents {
            offsets.append(content.map { _ in joined.count })
            if let content { joined += content }
        }
        joined.append(0)
        return joined.withUnsafeBytes { bytes in
            let buffer = bytes.assumingMemoryBound(to: CChar.self)
            let pointers = offsets.map { offset in offset.flatMap { buffer.baseAddress?.advanced(by: $0) } }
            return pointers.withUnsafeBufferPointer { pointers in
                lengths.withUnsafeBufferPointer { lengths in
                    formats.withUnsafeBufferPointer { formats in
                        body(pointers.baseAddress, lengths.baseAddress, formats.baseAddress)
                    }
                }
            }
        }
    }
}
