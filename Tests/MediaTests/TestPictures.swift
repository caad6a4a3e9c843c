import Foundation
import TestSupport
import Testing

/// Pictures made by the `vips` command, in a folder that goes with the test.
struct TestPictures {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let folder: String

    private func vips(_ words: String...) async throws {
        let child = try ChildProcess.start("/usr/bin/vips", words)
        let status = try await child.end(within: .seconds(30))
        guard status == 0 else { throw Failure(description: "vips \(words): \(child.lines)") }
    }

    private func path(_ name: String) -> String { "\(folder)/\(name)" }

    private func read(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path(name))))
    }

    /// A picture that is not all of one colour.
    ///
    /// - Parameters:
    ///   - format: the file's ending, as `png` or `jpg`.
    ///   - isInterlaced: made to be shown before all of it has come.
    func still(_ width: Int, _ height: Int, _ format: String, isInterlaced: Bool = false) async throws -> [UInt8] {
        try await colours(width, height)
        let name = "still.\(format)"
        try await vips("copy", path("rgb.v"), path(name) + (isInterlaced ? "[interlace]" : ""))
        return try read(name)
    }

    /// A JPEG without its last bytes before the marker that ends it.
    static func withoutLast(_ count: Int, of jpeg: [UInt8]) -> [UInt8] {
        Array(jpeg.dropLast(2 + count)) + [0xFF, 0xD9]
    }

    /// A PNG that keeps so many bytes of its pixels, and is whole otherwise.
    static func keeping(_ count: Int, ofPixelsIn png: [UInt8]) -> [UInt8] {
        var (cut, pixels, at) = (Array(png[..<8]), [UInt8](), 8)
        while at + 12 <= png.count {
            let length = png[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
            let end = at + 12 + length
            switch String(decoding: png[at + 4..<at + 8], as: UTF8.self) {
            case "IDAT": pixels += png[at + 8..<end - 4]
            case "IEND": cut += chunk("IDAT", Array(pixels.prefix(count))) + png[at..<end]
            default: cut += png[at..<end]
            }
            at = end
        }
        return cut
    }

    /// With a half that can be seen through.
    func transparent(_ width: Int, _ height: Int) async throws -> [UInt8] {
        try await colours(width, height)
        try await vips("bandjoin_const", path("rgb.v"), path("transparent.png"), "128")
        return try read("transparent.png")
    }

    /// Three frames.
    func animated(_ width: Int, _ height: Int) async throws -> [UInt8] {
        try await colours(width, height)
        try await vips("copy", path("rgb.v"), path("a.png"))
        try await vips("invert", path("a.png"), path("b.png"))
        try await vips("rot", path("a.png"), path("c.png"), "d180")
        let frames = ["a.png", "b.png", "c.png"].map(path).joined(separator: " ")
        try await vips("arrayjoin", frames, path("strip.png"), "--across", "1")
        try await vips("copy", path("strip.png"), path("animated.gif[page_height=\(height)]"))
        return try read("animated.gif")
    }

    private func colours(_ width: Int, _ height: Int) async throws {
        try await vips("gaussnoise", path("noise.v"), "\(width)", "\(height)", "--mean", "32", "--sigma", "40")
        try await vips("gaussblur", path("noise.v"), path("soft.v"), "4")
        try await vips("linear", path("soft.v"), path("bright.v"), "4", "0")
        try await vips("cast", path("bright.v"), path("grey.v"), "uchar")
        let bands = Array(repeating: path("grey.v"), count: 3).joined(separator: " ")
        try await vips("bandjoin", bands, path("bands.v"))
        try await vips("copy", path("bands.v"), path("rgb.v"), "--interpretation", "srgb")
    }

    /// All black.
    func blank(_ width: Int, _ height: Int) async throws -> [UInt8] {
        try await vips("black", path("blank.png"), "\(width)", "\(height)", "--bands", "3")
        return try read("blank.png")
    }

    /// A GIF of frames that are all of one colour, every other black.
    static func film(_ width: Int, _ height: Int, frames: Int) -> [UInt8] {
        func bytes(_ number: Int) -> [UInt8] { [UInt8(number & 0xFF), UInt8(number >> 8)] }
        let colours: [UInt8] = [0, 0, 0, 255, 255, 255]
        let head = Array("GIF89a".utf8) + bytes(width) + bytes(height) + [0x80, 0, 0] + colours
        var film = head
        for frame in 0..<frames {
            film += [0x21, 0xF9, 4, 0, 10, 0, 0, 0] + [0x2C, 0, 0, 0, 0] + bytes(width) + bytes(height) + [0, 2]
            film += blocks(of: codes(for: UInt8(frame & 1), count: width * height))
        }
        return film + [0x3B]
    }

    /// LZW's codes of three bits: before each pixel the one that forgets what came before, at last the one that ends.
    private static func codes(for pixel: UInt8, count: Int) -> [UInt8] {
        var (bytes, bits, bitCount) = ([UInt8](), 0, 0)
        for code in Array(repeating: [4, Int(pixel)], count: count).joined() + [5] {
            bits |= code << bitCount
            bitCount += 3
            while bitCount >= 8 {
                bytes.append(UInt8(bits & 0xFF))
                bits >>= 8
                bitCount -= 8
            }
        }
        return bitCount > 0 ? bytes + [UInt8(bits)] : bytes
    }

    private static func blocks(of bytes: [UInt8]) -> [UInt8] {
        stride(from: 0, to: bytes.count, by: 255).flatMap { start in
            let block = bytes[start..<min(bytes.count, start + 255)]
            return [UInt8(block.count)] + block
        } + [0]
    }

    /// A JPEG that says it is to be turned a quarter to be looked at.
    static func turned(_ jpeg: [UInt8]) -> [UInt8] {
        let tag: [UInt8] = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0]
        let tiff: [UInt8] = Array("MM".utf8) + [0, 42, 0, 0, 0, 8, 0, 1] + tag + [0, 0, 0, 0]
        let exif = Array("Exif".utf8) + [0, 0] + tiff
        let length = exif.count + 2
        return Array(jpeg[..<2]) + [0xFF, 0xE1, UInt8(length >> 8), UInt8(length & 0xFF)] + exif + Array(jpeg[2...])
    }

    /// A small PNG that says it is very large.
    static func bomb(_ width: UInt32, _ height: UInt32) -> [UInt8] {
        [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
            + chunk("IHDR", bytes(width) + bytes(height) + [8, 2, 0, 0, 0])
            + chunk("IDAT", [0x78, 0x9C, 0x63, 0, 0, 0, 1, 0, 1]) + chunk("IEND", [])
    }

    private static func bytes(_ number: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
    }

    private static func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
        let content = Array(type.utf8) + data
        return bytes(UInt32(data.count)) + content + bytes(checksum(content))
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var value = ~UInt32(0)
        for byte in bytes {
            value ^= UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? (value >> 1) ^ 0xEDB8_8320 : value >> 1 }
        }
        return ~value
    }
}
