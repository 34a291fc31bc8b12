import Databases
import Protocol
import Security
import Store
import Testing

@testable import Handlers

/// Every error of a module has its place on the wire.
@Suite struct ErrorMappingTests {
    static let databaseCodes: [DatabaseError.Code] = [
        .invalidConnectionString, .policy, .connectionFailed, .hostNotFound, .connectionRefused, .connectTimeout, .tlsRequired,
        .tlsFailed, .authenticationFailed, .unknownDatabase, .notADatabase, .queryFailed, .readOnly, .cancelled, .timeout,
        .connectionLost, .invalidParameters, .busy, .internal, .shuttingDown,
    ]

    @Test(arguments: databaseCodes) func aDatabaseErrorKeepsItsCode(code: DatabaseError.Code) {
        let mapped = RPCError(
            DatabaseError(
                code, phase: .execute, "message", sqlState: "42601", position: 3, hint: "hint", debugDescription: "secret"))
        #expect(mapped.code.rawValue == code.description)
        #expect(mapped.details.phase == "execute")
        #expect(mapped.details.position == 3)
        #expect(!mapped.message.contains("secret"))
    }

    @Test func whatIsInternalSaysNothingOfItsCause() {
        let mapped = RPCError(DatabaseError(.internal, phase: .execute, "the path /home/x", debugDescription: "more"))
        #expect(!mapped.message.contains("/home/x"))
        #expect(RPCError(any: CancellationError()).code == .cancelled)
        struct Foreign: Error {}
        #expect(RPCError(any: Foreign()).code == .internal)
    }

    @Test(arguments: [
        (StoreError.Code.conflict, ErrorCode.conflict), (.notFound, .notFound), (.invalidCursor, .invalidParams),
        (.unavailable, .busy), (.full, .busy), (.io, .busy), (.corrupt, .internal), (.newerSchema, .internal),
    ]) func aStoreError(code: StoreError.Code, expected: ErrorCode) {
        #expect(RPCError(StoreError(code, "message /path")).code == expected)
    }

    @Test func securityErrors() {
        #expect(RPCError(SecurityError(.busy, "")).code == .busy)
        #expect(RPCError(SecurityError(.invalidToken, "")) == RPCError.unauthenticated)
        #expect(RPCError(SecurityError(.unsealFailed, "")).code == .internal)
    }
}
