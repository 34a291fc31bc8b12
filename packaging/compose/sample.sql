-- A small bookshop to try the daemon with, and a role that may read it.
CREATE TABLE authors (id integer PRIMARY KEY, name text NOT NULL, country text NOT NULL, born integer NOT NULL);
CREATE TABLE books (
    id integer PRIMARY KEY, author_id integer NOT NULL REFERENCES authors, title text NOT NULL, published integer NOT NULL,
    price numeric(8, 2) NOT NULL
);
COMMENT ON COLUMN books.price IS 'In euros.';
INSERT INTO authors VALUES
    (1, 'Ada Lovelace', 'United Kingdom', 1815), (2, 'Selma Lagerlöf', 'Sweden', 1858), (3, 'Oscar Wilde', 'Ireland', 1854);
INSERT INTO books VALUES
    (1, 1, 'Notes on the Analytical Engine', 1843, 18.40), (2, 2, 'Gösta Berlings saga', 1891, 13.24),
    (3, 2, 'Jerusalem', 1901, 15.90), (4, 3, 'The Importance of Being Earnest', 1895, 11.99);
CREATE ROLE reader LOGIN PASSWORD 'reader';
GRANT SELECT ON authors, books TO reader;
