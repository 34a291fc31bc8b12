import Protocol
import TestSupport
import Testing

/// Tokens as a client might spell them: only the one spelling that was given is taken.
@Suite struct TokenWireTests {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")

    /// Security bar A11.
    @Test func noOtherSpellingIsTaken() async throws {
        let daemon = try await DaemonProcess.start()
        let token = try await daemon.client().signUp().token
        let parts = token.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        #expect(parts.count == 4)
        let (payload, footer) = (parts[2], parts[3])
        var spellings: [String] = [
            "", " ", token + " ", " " + token, token + "\n", token + "\u{0}", token + "=", token + ".", token + "..", "." + token,
            token + "." + footer, "V4.public.\(payload).\(footer)", "v4.Public.\(payload).\(footer)",
            "v4.local.\(payload).\(footer)", "v3.public.\(payload).\(footer)", "v2.public.\(payload).\(footer)",
            "v4.public.\(payload)", "v4.public.\(payload).", "v4.public..\(footer)", "v4.public.\(payload)=.\(footer)",
            "v4.public.\(payload)==.\(footer)", "v4.public.\(payload) .\(footer)", "v4.public.\(footer).\(payload)",
            "v4.public.\(payload)A.\(footer)", "v4.public.A\(payload).\(footer)", token.uppercased(), token.lowercased(),
            "v4.public.\(payload.replacing("-", with: "+").replacing("_", with: "/")).\(footer)A",
        ]
        // Bits that belong to no byte, at the end of either part.
        for (part, rest) in [(payload, ".\(footer)"), (footer, "")] where part.count % 4 != 0 {
            guard let last = part.last, let index = Self.alphabet.firstIndex(of: last) else { continue }
            let dirty = String(part.dropLast()) + String(Self.alphabet[index ^ 1])
            spellings.append(rest.isEmpty ? "v4.public.\(payload).\(dirty)" : "v4.public.\(dirty)\(rest)")
        }
        // The other base64 alphabet, where this token shows a difference.
        for (from, to) in [("-", "+"), ("_", "/")] where token.contains(from) {
            spellings.append(token.replacing(from, with: to))
        }
        let client = try daemon.client()
        for spelling in spellings {
            #expect(try await client.errorCode("auth.attach", ["token": .string(spelling)]) == "unauthenticated", "\(spelling)")
            #expect(try await client.errorCode("initialize", ["token": .string(spelling)]) == "unauthenticated", "\(spelling)")
        }
        try await client.attach(token)
    }

    /// Security bar A10: a change anywhere is a forgery. Every character, one bit of it.
    @Test func noChangedCharacterIsTaken() async throws {
        let daemon = try await DaemonProcess.start()
        let token = try await daemon.client().signUp().token
        let client = try daemon.client()
        var characters = Array(token)
        for index in characters.indices {
            let kept = characters[index]
            if let place = Self.alphabet.firstIndex(of: kept) {
                characters[index] = Self.alphabet[place ^ 1]
            } else {
                characters[index] = "A"
            }
            let changed = JSONValue.string(String(characters))
            #expect(try await client.errorCode("auth.attach", ["token": changed]) == "unauthenticated", "character \(index)")
            characters[index] = kept
        }
    }

    /// Security bar A11: another installation's token, with the same user and session in it or not, is no token here.
    @Test func anotherDaemonsTokenIsNotTaken() async throws {
        let first = try await DaemonProcess.start()
        let second = try await DaemonProcess.start()
        let token = try await first.client().signUp().token
        let refused = try await second.client().failure("auth.attach", ["token": .string(token)])
        let nonsense = try await second.client().failure("auth.attach", ["token": "v4.public.no-such-token"])
        #expect("\(refused.withoutRequestID)" == "\(nonsense.withoutRequestID)")
    }

    /// Security bar A13: revoked is revoked by what the token stands for.
    @Test func aRevokedTokenIsRevokedInAnySpelling() async throws {
        let daemon = try await DaemonProcess.start()
        let client = try daemon.client()
        let token = try await client.signUp().token
        try await client.call("auth.logout")
        for spelling in [token, token + "=", token + "\n"] {
            #expect(try await client.errorCode("auth.attach", ["token": .string(spelling)]) == "unauthenticated")
        }
    }
}
