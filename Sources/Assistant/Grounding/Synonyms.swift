/// Words that mean the same in schemas, and how they are cut short there.
enum Synonyms {
    /// Other stems for one; none for most.
    static func of(_ stem: String) -> [String] { table[stem] ?? [] }

    private static let groups = """
        account acct; address addr; amount amt sum; average avg; balance bal; birth dob birthday; buyer client customer cust; \
        category cat; city town; code cd; company firm organization organisation org; count cnt; country nation; currency curr ccy; \
        date dt day; department dept; description descr desc; document doc; employee emp staff worker; email mail; error err; \
        first fst; group grp; history hist; identifier id; image img picture photo; invoice inv bill; item line; language lang; \
        latitude lat; location loc; longitude lng lon; manager mgr; message msg; money revenue sale turnover; month mon; name nm; \
        number num no nr nbr; order purchase; page pg; password pwd pass; payment pmt paid pay; percent pct; person people; \
        phone tel telephone mobile; position pos; price cost; product prod article sku; quantity qty; reference ref; \
        region area; request req; role permission; salary wage pay; sequence seq; ship shipment shipping delivery; state status; \
        stock inventory; supplier vendor; temperature temp; time timestamp ts; transaction txn trx; type kind; user member usr; \
        value val; version ver; warehouse wh; year yr
        """

    private static let table: [String: [String]] = {
        var table: [String: [String]] = [:]
        for group in groups.split(separator: ";") {
            let words = group.split(separator: " ").map(String.init)
            for word in words { table[word, default: []] += words.filter { $0 != word } }
        }
        return table
    }()
}
