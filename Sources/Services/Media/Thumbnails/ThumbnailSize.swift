import Storage

// Every size a client can think of would be as many files. The sizes of the spec come first, then a few larger ones: the
// smallest that is not smaller than what was asked for. A crop keeps the ratio it was asked in, and its longer side is one
// of few.

/// Which thumbnail answers a request.
package enum ThumbnailSize {
    /// Spec v1.19, client-server API, "Thumbnails", and two more for large screens.
    static let scaled = [(320, 240), (640, 480), (800, 600), (1_600, 1_200), (2_400, 1_800)]
    /// Spec v1.19, client-server API, "Thumbnails".
    static let squares = [32, 96]
    /// The longer sides of other crops.
    static let sides = [96, 240, 320, 480, 640, 800, 1_200, 1_600, 2_400]
    /// Nothing larger is asked for in earnest.
    package static let sideMax = 10_000

    /// - Precondition: sides from 1 to ``sideMax``.
    package static func kind(
        width: Int, height: Int, method: ThumbnailKind.Method, isAnimated: Bool
    ) -> ThumbnailKind {
        let (width, height) =
            switch method {
            case .scale: scaledSize(width, height)
            case .crop: croppedSize(width, height)
            }
        return ThumbnailKind(width: width, height: height, method: method, isAnimated: isAnimated)
    }

    private static func scaledSize(_ width: Int, _ height: Int) -> (Int, Int) {
        scaled.first { $0.0 >= width && $0.1 >= height } ?? scaled[scaled.count - 1]
    }

    private static func croppedSize(_ width: Int, _ height: Int) -> (Int, Int) {
        if width == height, let side = squares.first(where: { $0 >= width }) { return (side, side) }
        let longer = max(width, height)
        let side = sides.first { $0 >= longer } ?? sides[sides.count - 1]
        // Rounded up: neither side is smaller than it was asked for.
        func grown(_ length: Int) -> Int { max(1, (length * side + longer - 1) / longer) }
        return (grown(width), grown(height))
    }
}
