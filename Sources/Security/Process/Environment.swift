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

    /// Takes a variable out of the environment, and its value out of the memory the environment is in. To be called before a second
    /// thread starts.
    ///
    /// - Returns: its value; nil where it was not set.
    public static func take(_ name: String) -> String? {
        guard let value = getenv(name) else { return nil }
        let text = String(cString: value)
        explicit_bzero(value, strlen(value))
        unsetenv(name)
        return text
    }
}
