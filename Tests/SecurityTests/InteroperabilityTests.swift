import Foundation
import Testing

@testable import Security

/// A thousand tokens each way with pyseto, an independent implementation. Skipped unless `DBASSIST_PYTHON` names a
/// Python that has
/// pyseto installed.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["DBASSIST_PYTHON"] != nil, "DBASSIST_PYTHON names no Python with pyseto"))
struct InteroperabilityTests {
    /// Reads a seed, then either tokens to verify or a number of tokens to make; writes payloads or tokens.
    private static let script = """
        import json, sys, pyseto
        from pyseto import Key
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        lines = sys.stdin.read().split("\\n")
        private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(lines[0]))
        key = Key.from_asymmetric_key_params(4, d=bytes.fromhex(lines[0]))
        public = Key.from_asymmetric_key_params(4, x=private.public_key().public_bytes_raw())
        kid = public.to_paserk_id()
        assertion = b'{"installation":"here"}'
        for line in lines[1:]:
            if line.startswith("{"):
                print(pyseto.encode(key, line.encode(), footer=('{"kid":"%s"}' % kid).encode(), implicit_assertion=assertion).decode())
            elif line:
                token = pyseto.decode(public, line, implicit_assertion=assertion)
                assert json.loads(token.footer)["kid"] == kid
                print(token.payload.decode())
        """

    private func python(_ lines: [String]) throws -> [String] {
        let directory = try Fixtures.makeDirectory()
        defer { Fixtures.removeDirectory(directory) }
        try (lines.joined(separator: "\n") + "\n").write(toFile: directory + "/in", atomically: true, encoding: .utf8)
        let process = Process()
        process.executableURL = URL(
            fileURLWithPath: try #require(ProcessInfo.processInfo.environment["DBASSIST_PYTHON"]))
        process.arguments = ["-c", Self.script]
        process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: directory + "/in"))
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test func aThousandTokensEachWay() throws {
        let seed = SecureRandom.bytes(32)
        let hex = seed.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let key = try SigningKey(seed: SecretBytes(copying: seed))
        let now = Timestamp.now()
        let claims = (0..<1000).map { index in
            SessionClaims(
                user: "user \(index) é", session: Identifier.make(), issuedAtMs: now, notBeforeMs: now, expiresAtMs: now + 60_000)
        }
        let payloads = claims.map { String(decoding: SessionToken.payload($0, installation: "here"), as: UTF8.self) }

        let issuer = TokenIssuer(key: key, installation: "here")
        let ours = try claims.map { try issuer.issue(user: $0.user, session: $0.session, lifetimeMs: 60_000, now: now) }
        // Compared outside `#expect`, which would print every token of a mismatch.
        let read = try python([hex] + ours)
        let readAlike = read == payloads
        #expect(readAlike)

        let theirs = try python([hex] + payloads)
        let writtenAlike = theirs == ours
        #expect(writtenAlike)
        let verifier = TokenVerifier(keys: [key.verificationKey], installation: "here")
        let verified = try theirs.map { try verifier.verify($0, now: now).claims }
        let verifiedAlike = verified == claims
        #expect(verifiedAlike)
    }
}
