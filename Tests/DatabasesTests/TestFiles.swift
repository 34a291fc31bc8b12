import Glibc
import TestSupport

/// Reads a whole file as UTF-8.
func readFile(_ path: String) throws -> String {
    guard let file = fopen(path, "re") else { throw ChildProcess.Failure("cannot read \(path)") }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
    return String(decoding: bytes, as: UTF8.self)
}
