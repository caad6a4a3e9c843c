import Identifiers
import Logging
import MatrixHTTP
import ObjectStorage
import Postgres
import Storage
import WorkerContracts

/// What endpoints are made of; each takes only the parts it needs.
package struct MediaParts: Sendable {
    let settings: MediaSettings
    let clock: WallClock
    let media: MediaStore
    let objects: MediaObjects
    let intake: MediaIntake
    let finder: MediaFinder
    let uploader: Uploader
    let rates: RateLimits
    let thumbnails: Thumbnails
    let previews: LinkPreviews

    package init(
        settings: MediaSettings, database: PostgresDatabase, objects: any ObjectStore, remote: any RemoteMediaSource,
        thumbnailer: Thumbnailer, clock: WallClock, logger: Logger
    ) {
        self.settings = settings
        self.clock = clock
        media = MediaStore(database: database)
        self.objects = MediaObjects(objectStore: objects, logger: logger)
        intake = MediaIntake(contents: MediaContentStore(database: database), objects: self.objects, clock: clock)
        finder = MediaFinder(
            server: settings.server, media: media,
            remote: RemoteMediaCache(
                media: media, intake: intake, objects: self.objects, source: remote,
                bytesMax: settings.remoteBytesMax, clock: clock),
            clock: clock)
        thumbnails = Thumbnails(
            store: ThumbnailStore(database: database), intake: intake, objects: self.objects, thumbnailer: thumbnailer)
        rates = RateLimits(
            limits: settings.rateLimits, shared: RateBucketStore(database: database), local: LocalRateBuckets(),
            clock: clock)
        uploader = Uploader(
            settings: settings, media: media, intake: intake, rates: rates,
            places: KeyedPlaces(perKeyMax: Uploader.perUserMax), clock: clock)
        previews = LinkPreviews(
            isOn: settings.previewsLinks, store: PreviewStore(database: database),
            visitor: PageVisitor(allowedNetworks: settings.allowedNetworks),
            pictures: PreviewPictures(
                server: settings.server, media: media, intake: intake, objects: self.objects, thumbnailer: thumbnailer,
                clock: clock),
            rates: rates, clock: clock, logger: logger)
    }

    var download: MediaDownload {
        MediaDownload(finder: finder, objects: objects, isEverythingOpen: settings.downloadsWithoutToken)
    }
}
