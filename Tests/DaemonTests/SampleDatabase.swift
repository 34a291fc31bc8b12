import TestSupport

/// Something to query: an SQLite file of books and orders.
enum SampleDatabase {
    /// Makes the file and answers its path.
    static func make(in directory: TemporaryDirectory) throws -> String {
        let path = directory.appending("books.sqlite")
        try ChildProcess.run([
            "sqlite3", path,
            """
            CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT NOT NULL, price NUMERIC);
            INSERT INTO books (title, price) VALUES ('Emma', 9.5), ('Persuasion', 8), ('Sanditon', NULL);
            CREATE TABLE orders (id INTEGER PRIMARY KEY, book_id INTEGER REFERENCES books (id), total NUMERIC);
            INSERT INTO orders (book_id, total) VALUES (1, 9.5), (1, 19), (2, 8);
            """,
        ])
        return path
    }
}
