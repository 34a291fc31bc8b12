import Glibc

/// How much of what is slow by nature a test does: a part of it in every run, all of it in `make test-full`.
public enum TestScale {
    public static let isFull = getenv("DBASSIST_TEST_FULL") != nil

    public static func count(_ part: Int, full: Int) -> Int { isFull ? full : part }
}
