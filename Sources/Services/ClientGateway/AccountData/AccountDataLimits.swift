import CanonicalJSON
import MatrixHTTP
import WorkerContracts

/// What account data may be: any JSON object, also with numbers that events do not have, as the order of tags.
enum AccountDataLimits {
    /// The most bytes of one type's content.
    static let bytesMax = WriterCommand.SetAccountData.contentBytesMax

    /// - Throws: `M_TOO_LARGE` over ``bytesMax``.
    static func check(_ content: JSONObject) throws {
        guard content.bytes().count <= bytesMax else {
            throw MatrixError.tooLarge("Account data of one type is at most \(bytesMax) bytes.")
        }
    }
}
