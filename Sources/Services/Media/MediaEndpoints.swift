import HTTPServer
import MatrixHTTP

/// The endpoints of the media worker, one line each.
package enum MediaEndpoints {
    package typealias Entry = EndpointEntry<MediaParts>

    package static let entries: [Entry] = [
        Entry { UploadMedia(uploader: $0.uploader) },
        Entry { CreateMedia(settings: $0.settings, media: $0.media, rates: $0.rates, clock: $0.clock) },
        Entry { UploadCreatedMedia(uploader: $0.uploader) },
        Entry { DownloadMedia(download: $0.download) },
        Entry { DownloadNamedMedia(download: $0.download) },
        Entry { DownloadOpenMedia(download: $0.download) },
        Entry { DownloadNamedOpenMedia(download: $0.download) },
        Entry { GetThumbnail(download: $0.download, thumbnails: $0.thumbnails) },
        Entry { GetOpenThumbnail(download: $0.download, thumbnails: $0.thumbnails) },
        Entry { GetURLPreview(previews: $0.previews) },
        Entry { GetOlderURLPreview(previews: $0.previews) },
        Entry { GetMediaConfig(settings: $0.settings) },
        Entry { GetOlderMediaConfig(settings: $0.settings) },
    ]

    /// Where the endpoints are, without making any.
    package static var routes: [Route] { entries.map(\.route) }

    package static func all(_ parts: MediaParts) -> [any Endpoint] { entries.map { $0.make(parts) } }
}
