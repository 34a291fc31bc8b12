import CSodium
import Glibc

/// A stored password hash: the encoded Argon2id string of `crypto_pwhash_str`.
///
/// `$argon2id$v=19$m=65536,t=3,p=1$<salt>$<tag>`, salt and tag in standard base64 without padding.
struct PasswordHash: Sendable, Equatable {
    /// What a hash costs.
    struct Parameters: Sendable, Equatable {
        /// Passes over the memory (`t`).
        var passes: Int
        /// Memory in KiB (`m`).
        var memoryKiB: Int

        /// Three passes over 64 MiB: beyond OWASP's minimum and ASVS 5.0 appendix C, about 0.1 s on a server core.
        static let standard = Parameters(passes: 3, memoryKiB: 65_536)

        /// The most we compute for a stored hash: libsodium's SENSITIVE. A string that asks for more was not made by anybody who
        /// wanted log-in to work.
        static let most = Parameters(passes: 16, memoryKiB: 1_048_576)
    }

    let parameters: Parameters
    let parallelism: Int
    let encoded: String

    /// Takes a stored string apart; `nil` unless it is Argon2id, version 19, at a cost we are ready to pay.
    init?(_ encoded: String) {
        // "", "argon2id", "v=19", "m=…,t=…,p=…", salt, tag
        let fields = encoded.split(separator: "$", omittingEmptySubsequences: false)
        guard fields.count == 6, fields[0].isEmpty, fields[1] == "argon2id", fields[2] == "v=19",
            encoded.utf8.count < Int(crypto_pwhash_STRBYTES)
        else { return nil }
        let costs = fields[3].split(separator: ",", omittingEmptySubsequences: false)
        guard costs.count == 3, let memory = Self.number(costs[0], "m="), let passes = Self.number(costs[1], "t="),
            let parallelism = Self.number(costs[2], "p="),
            (8...Parameters.most.memoryKiB).contains(memory), (1...Parameters.most.passes).contains(passes),
            (1...16).contains(parallelism), memory >= 8 * parallelism,
            fields[4].utf8.count >= 11, fields[5].utf8.count >= 22
        else { return nil }
        self.encoded = encoded
        self.parallelism = parallelism
        parameters = Parameters(passes: passes, memoryKiB: memory)
    }

    /// Whether a hash with `target` would be stronger and weaker in nothing. Never true for a hash that is stronger anywhere.
    func needsRehash(to target: Parameters) -> Bool {
        parameters != target && parameters.passes <= target.passes && parameters.memoryKiB <= target.memoryKiB
    }

    private static func number(_ field: Substring, _ name: String) -> Int? {
        guard field.hasPrefix(name) else { return nil }
        let digits = field.dropFirst(name.count)
        guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), digits.first != "0" else {
            return nil
        }
        return Int(digits)
    }
}

// MARK: - Work, which belongs on a hashing thread

extension PasswordHash {
    /// Hashes a password with a new salt; `nil` when there is no memory for it.
    static func make(_ password: SecretBytes, _ parameters: Parameters) -> String? {
        var encoded = [CChar](repeating: 0, count: Int(crypto_pwhash_STRBYTES))
        let made = password.withCharacters { characters in
            crypto_pwhash_str_alg(
                &encoded, characters, UInt64(password.count), UInt64(parameters.passes), parameters.memoryKiB * 1024,
                crypto_pwhash_ALG_ARGON2ID13)
        }
        guard made == 0 else { return nil }
        return String(decoding: encoded.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Whether this is the hash of `password`, in the same time whatever the answer; `nil` when there is no memory to find out.
    func matches(_ password: SecretBytes) -> Bool? {
        password.withCharacters { characters in
            errno = 0
            if crypto_pwhash_str_verify(encoded, characters, UInt64(password.count)) == 0 { return true }
            // EINVAL is how libsodium says "wrong"; a password must not be called wrong because memory ran out.
            return errno == ENOMEM ? nil : false
        }
    }

    /// A hash of no password that costs what a real one costs: random salt, random tag. Nothing has to be computed to make it.
    static func decoy(_ parameters: Parameters) -> PasswordHash? {
        let salt = base64(SecureRandom.bytes(16))
        let tag = base64(SecureRandom.bytes(32))
        return PasswordHash("$argon2id$v=19$m=\(parameters.memoryKiB),t=\(parameters.passes),p=1$\(salt)$\(tag)")
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        String(Base64URL.encode(bytes).map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
    }
}
