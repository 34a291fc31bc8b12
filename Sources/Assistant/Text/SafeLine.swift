import Protocol

/// Text of others on a line of ours.
public enum SafeLine {
    /// One line, at most so many bytes: control characters, line feeds and hidden characters as blanks, runs of blanks as one.
    public static func text(_ text: String, bytesMax: Int) -> String {
        var out = String.UnicodeScalarView()
        var isBlank = true
        var length = 0
        for scalar in text.unicodeScalars {
            let isPlain = HiddenScalars.classify(scalar, keepsJoiners: true) == .plain && !scalar.properties.isWhitespace
            if isPlain {
                out.append(scalar)
            } else if !isBlank {
                out.append(" ")
            } else {
                continue
            }
            isBlank = !isPlain
            length += UTF8.width(scalar)
            // More is cut below; what follows need not be looked at.
            if length > bytesMax + 8 { break }
        }
        if isBlank, !out.isEmpty { out.removeLast() }
        return String(out).limited(toBytes: bytesMax)
    }
}

extension String {
    /// As many of the first characters as fit so many bytes.
    func utf8Prefix(_ bytesMax: Int) -> Substring { prefix(bytes: bytesMax) }
}
