/// How many tokens a text is, roughly, where the server does not say: budgets and context windows are kept by it.
enum TokenEstimate {
    /// About one token for three bytes of UTF-8, rounded up: tokenizers average nearer four for English and SQL and near three for
    /// digits and other scripts, so that this rather counts too many than too few.
    static func of(_ text: String) -> Int { (text.utf8.count + 2) / 3 }
}
