import MatrixHTTP

extension UserRequest {
    /// The `limit` parameter of endpoints that page: at least one, lowered to `max`.
    ///
    /// - Throws: `M_INVALID_PARAM` when it is no positive number.
    func pageLimit(default fallback: Int, max: Int) throws -> Int {
        let asked = try queryInteger("limit") ?? Int64(fallback)
        guard asked > 0 else { throw MatrixError.invalidParam("'limit' is not positive.") }
        return min(Int(clamping: asked), max)
    }
}
