extension String {
    /// As many of its first characters as fit `limit` bytes of UTF-8.
    public func prefix(bytes limit: Int) -> Substring {
        guard utf8.count > limit else { return Substring(self) }
        var end = utf8.index(utf8.startIndex, offsetBy: limit)
        while end > startIndex, String.Index(end, within: unicodeScalars) == nil { end = utf8.index(before: end) }
        return self[..<end]
    }

    /// The string, or as many of its first characters as fit `limit` bytes, and an ellipsis.
    public func limited(toBytes limit: Int) -> String {
        utf8.count > limit ? String(prefix(bytes: limit)) + "…" : self
    }
}
