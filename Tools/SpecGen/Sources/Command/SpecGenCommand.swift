import ArgumentParser
import Foundation
import SpecGenCore

/// `specgen [--check] [--root DIR]`
@main
struct SpecGenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "specgen",
        abstract: "Makes Swift, openrpc.json, documents and completions from spec/.")

    @Flag(help: "Write nothing; fail and name the files that are not what the spec says.")
    var check = false

    @Option(help: "The root of the repository.")
    var root = "."

    func run() throws {
        let base = URL(filePath: root, directoryHint: .isDirectory)
        let tree = OutputTree(root: base)
        let files: [OutputFile]
        do {
            files = try Generator.generate(SpecSources(root: base)) { tree.text($0) }
        } catch let error as SpecError {
            FileHandle.standardError.write(Data((error.description + "\n").utf8))
            throw ExitCode.failure
        }
        let stale = tree.stale(files)
        if !check { return try tree.apply(files) }
        guard stale.isEmpty else {
            let lines = stale.map { "\($0): error: is not what spec/ says; run `make generate`\n" }.joined()
            FileHandle.standardError.write(Data(lines.utf8))
            throw ExitCode.failure
        }
    }
}
