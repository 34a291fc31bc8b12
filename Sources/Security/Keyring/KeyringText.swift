import CSodium
import Protocol

/// The text of a keyring's file: one JSON object, version 1.
///
///     {"format":"dbassist-keyring","version":1,"installation":"<uuid>",
///      "signing":[{"id":"k4.pid.…","seed":"<base64url>","createdAt":"<RFC 3339>","status":"active"}],
///      "sealing":[{"id":"<hex>","key":"<base64url>","createdAt":"<RFC 3339>","status":"active"}]}
///
/// A status is `staged`, `active` or `retired`; a key that was staged once has `"activatedAt":"<RFC 3339>"` as well.
/// Read strictly: every member once, none unknown, every id the one its key has.
enum KeyringText {
    static let version: Int64 = 1
    static let bytesMax = 64 * 1024

    // MARK: Writing

    /// The text, in memory of its own kind: the key bytes pass through no Swift string.
    static func encode(_ keyring: Keyring) -> SecretBytes {
        // Room for all of it from the start: a buffer that grows would leave a copy behind.
        var writer = JSONWriter(capacity: 512 + (keyring.signing.count + keyring.sealing.count) * 512)
        writer.raw("{\"format\":\"dbassist-keyring\",\"version\":1,\"installation\":")
        writer.string(keyring.installation)
        writer.raw(",\n\"signing\":[")
        encode(keyring.signing, secret: ",\"seed\":\"", to: &writer)
        writer.raw("],\n\"sealing\":[")
        encode(keyring.sealing, secret: ",\"key\":\"", to: &writer)
        writer.raw("]}\n")
        return writer.withUnsafeBytes { text in
            let secret = SecretBytes(copying: text)
            if let base = text.baseAddress { sodium_memzero(UnsafeMutableRawPointer(mutating: base), text.count) }
            return secret
        }
    }

    private static func encode(_ entries: [Keyring.Entry], secret name: StaticString, to writer: inout JSONWriter) {
        for (index, entry) in entries.enumerated() {
            writer.raw(index == 0 ? "\n{\"id\":" : ",\n{\"id\":")
            writer.string(entry.id)
            writer.raw(name)
            writer.withScratch(64) { target in
                entry.secret.withUnsafeBytes {
                    Base64URL.encode($0, into: UnsafeMutableRawBufferPointer(start: target, count: 64))
                }
            }
            writer.raw("\",\"createdAt\":")
            writer.string(Timestamp.format(entry.createdAtMs))
            writer.raw(",\"status\":")
            writer.string(entry.status.rawValue)
            if let activatedAtMs = entry.activatedAtMs {
                writer.raw(",\"activatedAt\":")
                writer.string(Timestamp.format(activatedAtMs))
            }
            writer.raw("}")
        }
    }

    // MARK: Reading

    /// - Throws: `keyringDamaged`, `keyringVersion`, `keyringDuplicateKey`.
    static func decode(_ text: SecretBytes) throws(SecurityError) -> Keyring {
        try text.withUnsafeBytes { bytes throws(SecurityError) in
            do throws(JSONSyntaxError) {
                try JSONScanner.check(bytes, depthMax: 4)
            } catch {
                throw .keyringDamaged(
                    error.reason == .truncated ? "it is truncated" : "there is \(error.reason.rawValue) at byte \(error.offset)")
            }
            do throws(JSONMismatch) {
                try checkVersion(bytes)
                return try read(bytes)
            } catch {
                switch error.reason {
                case otherVersion:
                    throw SecurityError(
                        .keyringVersion,
                        "The keyring has a version that this program does not know; use the program that wrote it.")
                case duplicateKey:
                    throw SecurityError(.keyringDuplicateKey, "The keyring has two keys with one id; restore it from a backup.")
                default: throw .keyringDamaged("\(error.member ?? "a member") \(error.reason) at byte \(error.offset)")
                }
            }
        }
    }

    private static let otherVersion = "has another version"
    private static let duplicateKey = "has two keys with one id"

    /// Before anything else is understood: a later version may have other members.
    private static func checkVersion(_ bytes: UnsafeRawBufferPointer) throws(JSONMismatch) {
        var reader = JSONReader(bytes)
        try reader.enterObject()
        while let name = reader.nextMember() {
            guard name.index(in: ["version"]) != nil else {
                reader.slice()
                continue
            }
            guard try reader.integer() == version else { throw JSONMismatch(at: name.offset, otherVersion) }
            return
        }
        throw JSONMismatch(at: 0, member: "version", "is missing")
    }

    private static func read(_ bytes: UnsafeRawBufferPointer) throws(JSONMismatch) -> Keyring {
        var reader = JSONReader(bytes)
        var installation: String?
        var signing: [Keyring.Entry]?
        var sealing: [Keyring.Entry]?
        try reader.enterObject()
        while let name = reader.nextMember() {
            switch name.index(in: ["format", "version", "installation", "signing", "sealing"]) {
            case 0:
                guard try reader.string() == "dbassist-keyring" else {
                    throw JSONMismatch(at: name.offset, "is of another format")
                }
            case 1: _ = try reader.integer()
            case 2: installation = try reader.string()
            case 3:
                signing = try entries(&reader, secret: "seed") { seed throws(SecurityError) in
                    try SigningKey(seed: seed).verificationKey.id.description
                }
            case 4:
                sealing = try entries(&reader, secret: "key") { master throws(SecurityError) in
                    try SealingKey.idText(master: master)
                }
            default: throw JSONMismatch(at: name.offset, "is unknown")
            }
        }
        guard let installation, Identifier.isValid(installation), let signing, let sealing else {
            throw JSONMismatch(at: 0, member: "installation, signing or sealing", "is missing or not valid")
        }
        do throws(SecurityError) {
            return try Keyring(installation: installation, signing: signing, sealing: sealing)
        } catch {
            throw JSONMismatch(at: 0, error.code == .keyringDuplicateKey ? duplicateKey : error.message)
        }
    }

    private static func entries(
        _ reader: inout JSONReader, secret: StaticString, id: (SecretBytes) throws(SecurityError) -> String
    ) throws(JSONMismatch) -> [Keyring.Entry] {
        var entries: [Keyring.Entry] = []
        try reader.enterArray()
        while reader.nextElement() {
            let offset = reader.offset
            let entry = try entry(&reader, secret: secret)
            guard let derived = try? id(entry.secret), derived == entry.id else {
                throw JSONMismatch(at: offset, member: "a key", "does not belong to its id")
            }
            entries.append(entry)
        }
        return entries
    }

    private static func entry(_ reader: inout JSONReader, secret: StaticString) throws(JSONMismatch) -> Keyring.Entry {
        let start = reader.offset
        var id: String?
        var bytes: SecretBytes?
        var createdAtMs: Int64?
        var status: Keyring.Status?
        var activatedAtMs: Int64?
        try reader.enterObject()
        while let name = reader.nextMember() {
            switch name.index(in: ["id", secret, "createdAt", "status", "activatedAt"]) {
            case 0: id = try reader.string()
            case 1: bytes = try key(&reader)
            case 2: createdAtMs = Timestamp.parse(try reader.string())
            case 3: status = Keyring.Status(rawValue: try reader.string())
            case 4:
                activatedAtMs = Timestamp.parse(try reader.string())
                guard activatedAtMs != nil else { throw JSONMismatch(at: name.offset, "is not a time") }
            default: throw JSONMismatch(at: name.offset, "is unknown")
            }
        }
        guard let id, let bytes, let createdAtMs, let status else {
            throw JSONMismatch(at: start, member: "id, key, createdAt or status", "is missing or not valid")
        }
        return Keyring.Entry(
            id: id, secret: bytes, createdAtMs: createdAtMs, status: status, activatedAtMs: activatedAtMs)
    }

    /// 32 bytes in base64url, from the text to locked memory without a string between.
    private static func key(_ reader: inout JSONReader) throws(JSONMismatch) -> SecretBytes {
        let offset = reader.offset
        guard reader.kind == .string else { throw JSONMismatch(at: offset, "must be a string") }
        let quoted = reader.slice()
        var valid = false
        let key = SecretBytes(count: 32) { (target: UnsafeMutableRawBufferPointer) in
            valid = Base64URL.decode(UnsafeRawBufferPointer(rebasing: quoted.dropFirst().dropLast()), into: target)
        }
        guard valid else { throw JSONMismatch(at: offset, "must be 32 bytes in base64url") }
        return key
    }
}

extension SecurityError {
    static func keyringDamaged(_ what: String) -> SecurityError {
        SecurityError(.keyringDamaged, "The keyring is damaged: \(what). Restore it from a backup.")
    }
}
