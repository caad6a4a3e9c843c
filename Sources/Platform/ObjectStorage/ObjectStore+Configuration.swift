import ClusterConfiguration
import OutboundHTTP

extension WorkerConfiguration.Media {
    /// The object store that is configured.
    ///
    /// - Throws: ``ConfigurationProblems`` when there is none, or its settings cannot be used.
    public func makeStore() throws(ConfigurationProblems) -> any ObjectStore {
        switch store {
        case nil:
            throw ConfigurationProblems(problems: ["media.folder_path or media.s3_bucket is missing"])
        case .folder(let path): return FolderObjectStore(folder: path)
        case .s3(let settings):
            let configuration = S3Configuration(
                endpoint: settings.endpoint, region: settings.region, bucket: settings.bucket, prefix: settings.prefix,
                accessKeyID: settings.accessKeyID, secretAccessKey: settings.secretAccessKey.exposed)
            guard let configuration else {
                throw ConfigurationProblems(
                    problems: ["media.s3_endpoint, media.s3_bucket or media.s3_prefix cannot be part of a URL"])
            }
            return S3ObjectStore(
                configuration: configuration, spool: Spool(folder: spoolPath + "/apus-media"), client: HTTPClient())
        }
    }
}
