import Protocol
import Security
import Testing

@testable import Handlers

@Suite struct TokenRatesTests {
    private func rate(_ key: UInt8, _ count: Int) -> TokenScope.Rate { TokenScope.Rate(key: [key], requestsPerMinute: count) }

    @Test func everyRateOfATokenHolds() {
        let limiter = TokenRates()
        let (wide, narrow) = (rate(1, 4), rate(2, 2))
        for _ in 0..<2 { #expect(limiter.wait([wide, narrow], nowNs: 0) == nil) }
        #expect(limiter.wait([wide, narrow], nowNs: 0) == 30_000)
        // What it used up of the wider one its siblings do not have.
        #expect(limiter.wait([wide], nowNs: 0) == nil)
        #expect(limiter.wait([wide], nowNs: 0) != nil)
        #expect(limiter.wait([rate(3, 4)], nowNs: 0) == nil)
    }

    @Test func fullBucketsAreForgotten() {
        let limiter = TokenRates()
        for number in 0..<100 { _ = limiter.wait([rate(UInt8(number), number < 50 ? 60 : 1)], nowNs: 0) }
        limiter.forgetFull(nowNs: 2_000_000_000)
        #expect(limiter.count == 50)
        // The others hold as before.
        #expect(limiter.wait([rate(60, 1)], nowNs: 2_000_000_000) == 58_000)
        limiter.forgetFull(nowNs: 60_000_000_000)
        #expect(limiter.count == 0)
    }

    @Test func bucketsAreBounded() {
        let limiter = TokenRates()
        for number in 0..<TokenRates.bucketsMax {
            let key = TokenScope.Rate(key: [UInt8(number & 255), UInt8(number >> 8)], requestsPerMinute: 60)
            #expect(limiter.wait([key], nowNs: 0) == nil)
        }
        #expect(limiter.wait([rate(7, 60)], nowNs: 0) == 1_000)
        #expect(limiter.wait([rate(7, 60)], nowNs: 2_000_000_000) == nil)
    }
}

@Suite struct TokenRuleTests {
    private func scope(_ block: TokenBlock) throws -> TokenScope {
        let keyring = try Keyring.generate()
        let token = try TokenIssuer(keyring: keyring).issue(user: "u", session: "s", lifetimeMs: 10_000)
        let narrowed = try #require(try TokenChain(token).narrowed(by: block).text)
        return try TokenVerifier(keyring: keyring).verify(narrowed).scope
    }

    /// What a session can do, a token that reads only cannot change; whoever adds a method decides on which side it is.
    @Test func nothingThatWritesIsAReadExceptWhatLooksForItself() {
        let lookForThemselves: Set<Method> = [.queryRun, .chatSend, .queryCancel, .queryClose]
        for method in Method.allCases where method.access == .session && method.ordering == .write {
            #expect(method.tokenRule.isChange || lookForThemselves.contains(method), "\(method.name)")
        }
    }

    @Test func accountsNeedToBeNamed() throws {
        let readOnly = try scope(TokenBlock(isReadOnly: true))
        let named = try scope(TokenBlock(methods: ["auth.*"]))
        let rated = try scope(TokenBlock(methods: ["auth.*"], requestsPerMinute: 5))
        for method in Method.allCases where method.access == .session && method.tokenRule.isOfAccount {
            #expect(readOnly.refusal(method)?.code == .forbidden && named.refusal(method) == nil, "\(method.name)")
        }
        #expect(rated.refusal(.authRefresh) != nil && rated.refusal(.authSessions) == nil)
        for scope in [readOnly, named, rated] {
            #expect(scope.refusal(.authWhoami) == nil && scope.refusal(.authAttenuate) == nil)
        }
        #expect(named.refusal(.queryRun)?.code == .forbidden && readOnly.refusal(.queryRun) == nil)
    }
}
