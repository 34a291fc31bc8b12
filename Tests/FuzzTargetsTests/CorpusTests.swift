import FuzzTargets
import TestSupport
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#endif

/// What fuzzing has found and kept: each input is one that once found something new, or something wrong.
@Suite struct CorpusTests {
    private func inputs(_ target: FuzzTarget) throws -> [[UInt8]] {
        let file = Repository.root.appending(path: "Tests/Fuzzing/Corpora/\(target.rawValue).txt")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").compactMap { line in
            Data(base64Encoded: String(line.prefix { $0 != "\t" })).map { Array($0) }
        }
    }

    @Test(arguments: FuzzTarget.allCases) func `what was kept holds`(target: FuzzTarget) throws {
        let inputs = try inputs(target)
        #expect(inputs.count > 3)
        for bytes in inputs {
            // Memory of its own, exactly as large, so that reading past the end shows under the address sanitizer.
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
            defer { copy.deallocate() }
            copy.copyBytes(from: bytes)
            target.run(UnsafeRawBufferPointer(copy))
        }
    }

    /// Inputs are cut, joined and changed at random, which finds what is wrong on the surface without a fuzzer.
    @Test(arguments: FuzzTarget.allCases) func `mutations hold`(target: FuzzTarget) throws {
        let seeds = try inputs(target)
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            var input = seeds.randomElement(using: &generator) ?? []
            if let other = seeds.randomElement(using: &generator), !other.isEmpty, Bool.random(using: &generator) {
                input = Array(input.prefix(Int.random(in: 0...input.count))) + other.suffix(Int.random(in: 0...other.count))
            }
            for _ in 0..<Int.random(in: 0...4) where !input.isEmpty {
                input[Int.random(in: 0..<input.count)] = UInt8.random(in: 0...255)
            }
            input.withUnsafeBytes { target.run($0) }
        }
    }
}
