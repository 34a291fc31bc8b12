/// Characters that are not seen, or that change how others are seen.
enum HiddenScalars {
    enum Class {
        /// Seen as what it is.
        case plain
        /// C0 and C1 controls, without line feed and tab: what terminals obey.
        case control
        /// Zero width, direction marks, tags: can hide text from a reader and show it to a model, or the other way round.
        case hidden
    }

    /// - Parameter keepsJoiners: whether the joiners that Persian and emoji need count as plain.
    static func classify(_ scalar: Unicode.Scalar, keepsJoiners: Bool) -> Class {
        let value = scalar.value
        if value < 0x7F { return value >= 0x20 || value == 0x0A || value == 0x09 ? .plain : .control }
        if value < 0xAD { return value < 0xA0 ? .control : .plain }
        switch value {
        case 0x200C, 0x200D: return keepsJoiners ? .plain : .hidden
        case 0xAD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B...0x180F, 0x200B, 0x200E, 0x200F, 0x2028...0x202E,
            0x2060...0x206F, 0x3164, 0xFE00...0xFE0D, 0xFEFF, 0xFFA0, 0xFFF9...0xFFFB, 0x1BCA0...0x1BCA3, 0x1D173...0x1D17A,
            0xE0000...0xE0FFF:
            return .hidden
        default: return .plain
        }
    }

    /// A control character as a visible sign of it (Unicode's Control Pictures), or as the replacement character.
    static func picture(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        let value = scalar.value < 0x20 ? 0x2400 + scalar.value : scalar.value == 0x7F ? 0x2421 : 0xFFFD
        return Unicode.Scalar(value) ?? "\u{FFFD}"
    }
}
