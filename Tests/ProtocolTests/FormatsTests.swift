import Testing

@testable import Protocol

@Suite struct FormatsTests {
    @Test(arguments: [
        ("01890a5d-ac96-774b-bcce-b302099a8057", true), ("01890A5D-AC96-774B-BCCE-B302099A8057", true), ("", false),
        ("01890a5dac96774bbcceb302099a8057", false), ("01890a5d-ac96-774b-bcce-b302099a805", false),
        ("01890a5d-ac96-774b-bcce-b302099a805é", false), ("01890a5d_ac96-774b-bcce-b302099a8057", false),
        ("01890a5d-ac96-774b-bcce-b302099a805@", false), ("01890a5d-ac96-774b-bcce-b302099a805`", false),
    ])
    func uuid(_ text: String, _ fits: Bool) { #expect(StringFormat.uuid.fits(text) == fits) }

    @Test(arguments: [
        ("a@b", true), ("ä@ö.example", true), ("@b", false), ("a@", false), ("a@b@c", false), ("a b@c", false), ("a@b\n", false),
        ("", false), ("ab", false),
    ])
    func email(_ text: String, _ fits: Bool) { #expect(StringFormat.email.fits(text) == fits) }

    @Test(arguments: [
        ("2026-01-31T12:00:00.000Z", true), ("2024-02-29T23:59:60.999Z", true), ("2026-02-29T12:00:00.000Z", false),
        ("2026-13-01T12:00:00.000Z", false), ("2026-01-00T12:00:00.000Z", false), ("2026-01-31T24:00:00.000Z", false),
        ("2026-01-31T12:00:00Z", false), ("2026-01-31T12:00:00.000+", false), ("2026-01-31 12:00:00.000Z", false),
    ])
    func dateTime(_ text: String, _ fits: Bool) { #expect(StringFormat.dateTime.fits(text) == fits) }

    @Test(arguments: [("Mg", true), ("a-_9", true), ("", false), ("Mg==", false), ("a.b", false)])
    func cursor(_ text: String, _ fits: Bool) { #expect(StringFormat.cursor.fits(text) == fits) }

    /// What is no token is refused by whoever verifies it, with the same answer as a token that is no good.
    @Test(arguments: ["v4.public.abc-_", "", "v4 public", "a/b"])
    func everyTextMayBeAToken(_ text: String) { #expect(StringFormat.token.fits(text)) }

    @Test(arguments: [("kitten", "sitting", 3), ("", "ab", 2), ("readonly", "readonly", 0), ("nmae", "name", 1)])
    func editDistance(_ left: String, _ right: String, _ distance: Int) {
        #expect(EditDistance.between(left, right) == distance)
    }
}
