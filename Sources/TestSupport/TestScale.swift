import Glibc

/// How much of what is slow by nature a test does: a part of it in every run, all of it in `make test-full`.
public enum TestScale {
    public static let isFull = getenv("DBASSIST_TEST_FULL") != nil

    /// How much longer something may take than its test says: many times, where the address sanitizer looks at every access.
    public static let slack = getenv("DBASSIST_TEST_SANITIZED") == nil ? 1 : 10

    public static func count(_ part: Int, full: Int) -> Int { isFull ? full : part }
}
