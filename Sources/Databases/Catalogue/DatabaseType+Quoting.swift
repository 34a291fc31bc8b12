extension DatabaseType {
    /// A name ready for SQL, quoted whatever it is: which words are reserved depends on the server's version.
    public func quoted(_ name: String) -> String {
        let quote: Unicode.Scalar = self == .mysql ? "`" : "\""
        var text = String.UnicodeScalarView([quote])
        for scalar in name.unicodeScalars {
            if scalar == quote { text.append(quote) }
            text.append(scalar)
        }
        text.append(quote)
        return String(text)
    }
}
