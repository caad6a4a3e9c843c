import CThumbnail
import Glibc

/// Makes one thumbnail of the file it has as its input: `apus-thumbnailer WIDTH HEIGHT scale|crop still|animated PIXELS`.
///
/// The media worker starts one for each, because whatever is in a file may make a decoder do anything: here that is to die.
@main
struct Thumbnailer {
    /// The most address space, in bytes: four times what a picture of the most pixels takes.
    static let memoryBytesMax: Int64 = 1_536 << 20
    /// The most processor time, in seconds.
    static let cpuSecondsMax: Int32 = 15
    /// What is said to whoever calls it otherwise.
    static let usageStatus: Int32 = 64

    static func main() {
        let words = CommandLine.arguments
        guard words.count == 6, let width = Int32(words[1]), let height = Int32(words[2]), width >= 0, height >= 0,
            let pixels = Int64(words[5])
        else { exit(usageStatus) }
        apus_thumbnail_confine(memoryBytesMax, cpuSecondsMax)
        let request = apus_thumbnail_request(
            width: width, height: height, is_cropped: words[3].utf8.elementsEqual("crop".utf8),
            is_animated: words[4].utf8.elementsEqual("animated".utf8), pixels_max: pixels)
        exit(Int32(apus_thumbnail_make(STDIN_FILENO, STDOUT_FILENO, request).rawValue))
    }
}
