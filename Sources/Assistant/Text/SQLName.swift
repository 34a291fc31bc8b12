public import Databases

/// Names as SQL writes them.
public enum SQLName {
    /// A name in the engine's quotes, whatever is in it: quotes in it are doubled. NUL, which no name has, is left out.
    public static func quoted(_ name: String, _ engine: Databases.DatabaseType) -> String {
        engine.quoted(name.utf8.contains(0) ? String(name.unicodeScalars.filter { $0.value != 0 }.map(Character.init)) : name)
    }

    /// A relation's name in quotes, always with its schema: what it means does not depend on the search path.
    public static func quoted(_ relation: CatalogueRelation, _ engine: Databases.DatabaseType) -> String {
        "\(quoted(relation.schema, engine)).\(quoted(relation.name, engine))"
    }

    /// A name as short as SQL takes it: quoted only where it must be.
    static func written(_ name: String, _ engine: Databases.DatabaseType) -> String {
        let first = name.utf8.first ?? 0
        let isPlain =
            !(0x30...0x39 ~= first) && !name.isEmpty
            && name.utf8.allSatisfy {
                0x61...0x7A ~= $0 || 0x30...0x39 ~= $0 || $0 == UInt8(ascii: "_") || (engine != .postgresql && 0x41...0x5A ~= $0)
            }
        return isPlain && !reserved.contains(name.lowercased()) ? name : SafeLine.text(quoted(name, engine), bytesMax: 300)
    }

    /// The parts of a name with points between, each without its quotes.
    static func parts(_ name: String) -> [String] {
        var parts: [String] = []
        var part = String.UnicodeScalarView()
        var quote: Unicode.Scalar?
        for scalar in name.unicodeScalars {
            if let open = quote {
                if scalar == (open == "[" ? "]" : open) { quote = nil } else { part.append(scalar) }
            } else if scalar == "\"" || scalar == "`" || (scalar == "[" && part.isEmpty) {
                quote = scalar
            } else if scalar == "." {
                parts.append(String(part))
                part = .init()
            } else {
                part.append(scalar)
            }
        }
        parts.append(String(part))
        return parts.map(trimmed).filter { !$0.isEmpty }
    }

    private static func trimmed(_ text: String) -> String {
        var text = Substring(text)
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }

    /// Reserved in some version of some engine, and likely as a name.
    fileprivate static let reserved = Set(
        """
        all analyse analyze and any array as asc before between both by call cascade case cast change check collate column condition \
        constraint convert create cross current current_date current_time current_timestamp current_user database databases default \
        deferrable delayed delete desc describe distinct div do drop each else end except exists explain false fetch for force foreign \
        from full function generated grant group groups having if ignore in index initially inner insert intersect interval into is \
        join key keys kill lateral leading left like limit lines load localtime localtimestamp lock loop match natural not null of \
        offset on only optimize option or order out outer over partition placing primary procedure range rank read recursive references \
        release rename repeat replace require restrict return returning revoke right row row_number rows schema select separator \
        session_user set show some symmetric system table then to trailing trigger true union unique unlock unsigned update usage use \
        user using values variadic varying verbose view when where while window with write
        """.split(separator: " ").map(String.init))
}

extension SQLName {
    /// Whether a word is one that SQL itself uses, in any case.
    static func isReserved(_ word: String) -> Bool { word.utf8.count <= 20 && reserved.contains(word.lowercased()) }
}
