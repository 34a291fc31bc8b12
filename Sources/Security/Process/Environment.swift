import Glibc

/// The environment of the process.
public enum Environment {
    /// Every variable, by name.
    public static var variables: [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            if let separator = strchr(text, Int32(UInt8(ascii: "="))) {
                let name = UnsafeBufferPointer(start: text, count: separator - text)
                variables[String(decoding: UnsafeRawBufferPointer(name), as: UTF8.self)] = String(cString: separator + 1)
            }
            entry += 1
        }
        return variables
    }
}
