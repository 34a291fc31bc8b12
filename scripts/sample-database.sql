-- The sample bookshop. Everything is derived from row numbers by arithmetic, so every run makes the same data.
PRAGMA foreign_keys = ON;
BEGIN;

CREATE TABLE authors (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    country TEXT,
    born INTEGER,
    died INTEGER,
    CHECK (died IS NULL OR died > born)
);

CREATE TABLE books (
    id INTEGER PRIMARY KEY,
    author_id INTEGER NOT NULL REFERENCES authors (id),
    title TEXT NOT NULL,
    published INTEGER,
    language TEXT NOT NULL,
    pages INTEGER CHECK (pages > 0),
    price_cents INTEGER NOT NULL CHECK (price_cents > 0),
    stock INTEGER NOT NULL DEFAULT 0 CHECK (stock >= 0),
    isbn TEXT UNIQUE
);

CREATE TABLE customers (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT UNIQUE,
    city TEXT NOT NULL,
    country TEXT NOT NULL,
    joined TEXT NOT NULL
);

CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    ordered_at TEXT NOT NULL,
    shipped_at TEXT,
    status TEXT NOT NULL CHECK (status IN ('placed', 'shipped', 'delivered', 'returned', 'cancelled')),
    note TEXT
);

CREATE TABLE order_items (
    order_id INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    book_id INTEGER NOT NULL REFERENCES books (id),
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    price_cents INTEGER NOT NULL CHECK (price_cents > 0),
    PRIMARY KEY (order_id, book_id)
) WITHOUT ROWID;

CREATE TABLE reviews (
    id INTEGER PRIMARY KEY,
    book_id INTEGER NOT NULL REFERENCES books (id),
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    rating INTEGER NOT NULL CHECK (rating BETWEEN 1 AND 5),
    body TEXT,
    created_at TEXT NOT NULL,
    UNIQUE (book_id, customer_id)
);

INSERT INTO authors (id, name, country, born, died) VALUES
    (1, 'Jane Austen', 'England', 1775, 1817),
    (2, 'Mary Shelley', 'England', 1797, 1851),
    (3, 'Charlotte Brontë', 'England', 1816, 1855),
    (4, 'Emily Brontë', 'England', 1818, 1848),
    (5, 'Charles Dickens', 'England', 1812, 1870),
    (6, 'George Eliot', 'England', 1819, 1880),
    (7, 'Herman Melville', 'United States', 1819, 1891),
    (8, 'Mark Twain', 'United States', 1835, 1910),
    (9, 'Louisa May Alcott', 'United States', 1832, 1888),
    (10, 'Лев Толстой', 'Russia', 1828, 1910),
    (11, 'Фёдор Достоевский', 'Russia', 1821, 1881),
    (12, 'Антон Чехов', 'Russia', 1860, 1904),
    (13, 'Gustave Flaubert', 'France', 1821, 1880),
    (14, 'Émile Zola', 'France', 1840, 1902),
    (15, 'Jules Verne', 'France', 1828, 1905),
    (16, 'Victor Hugo', 'France', 1802, 1885),
    (17, 'Johann Wolfgang von Goethe', 'Germany', 1749, 1832),
    (18, 'Theodor Fontane', 'Germany', 1819, 1898),
    (19, 'Franz Kafka', 'Bohemia', 1883, 1924),
    (20, 'Miguel de Cervantes', 'Spain', 1547, 1616),
    (21, 'Benito Pérez Galdós', 'Spain', 1843, 1920),
    (22, 'José Maria de Eça de Queirós', 'Portugal', 1845, 1900),
    (23, 'Joaquim Maria Machado de Assis', 'Brazil', 1839, 1908),
    (24, 'Henrik Ibsen', 'Norway', 1828, 1906),
    (25, 'Selma Lagerlöf', 'Sweden', 1858, 1940),
    (26, 'H. C. Andersen', 'Denmark', 1805, 1875),
    (27, '紫式部', 'Japan', NULL, NULL),
    (28, '夏目漱石', 'Japan', 1867, 1916),
    (29, '曹雪芹', 'China', NULL, NULL),
    (30, 'Rabindranath Tagore', 'India', 1861, 1941),
    (31, 'Dante Alighieri', 'Italy', 1265, 1321),
    (32, 'Ὅμηρος', NULL, NULL, NULL),
    (33, 'Virginia Woolf', 'England', 1882, 1941),
    (34, 'Oscar Wilde', 'Ireland', 1854, 1900),
    (35, 'Bram Stoker', 'Ireland', 1847, 1912),
    (36, 'Arthur Conan Doyle', 'Scotland', 1859, 1930),
    (37, 'Robert Louis Stevenson', 'Scotland', 1850, 1894),
    (38, 'H. G. Wells', 'England', 1866, 1946),
    (39, 'Karel Čapek', 'Czechoslovakia', 1890, 1938),
    (40, 'Anonymous', NULL, NULL, NULL);

CREATE TEMP TABLE works (id INTEGER PRIMARY KEY, author_id INTEGER, title TEXT, published INTEGER, language TEXT);
INSERT INTO works (author_id, title, published, language) VALUES
    (1, 'Sense and Sensibility', 1811, 'en'), (1, 'Pride and Prejudice', 1813, 'en'), (1, 'Mansfield Park', 1814, 'en'),
    (1, 'Emma', 1815, 'en'), (1, 'Northanger Abbey', 1817, 'en'), (1, 'Persuasion', 1817, 'en'),
    (2, 'Frankenstein; or, The Modern Prometheus', 1818, 'en'), (2, 'The Last Man', 1826, 'en'),
    (3, 'Jane Eyre', 1847, 'en'), (3, 'Villette', 1853, 'en'), (4, 'Wuthering Heights', 1847, 'en'),
    (5, 'Oliver Twist', 1838, 'en'), (5, 'David Copperfield', 1850, 'en'), (5, 'Bleak House', 1853, 'en'),
    (5, 'Hard Times', 1854, 'en'), (5, 'A Tale of Two Cities', 1859, 'en'), (5, 'Great Expectations', 1861, 'en'),
    (6, 'Adam Bede', 1859, 'en'), (6, 'Silas Marner', 1861, 'en'), (6, 'Middlemarch', 1871, 'en'),
    (7, 'Typee', 1846, 'en'), (7, 'Moby-Dick; or, The Whale', 1851, 'en'), (7, 'Bartleby, the Scrivener', 1853, 'en'),
    (8, 'The Adventures of Tom Sawyer', 1876, 'en'), (8, 'Adventures of Huckleberry Finn', 1884, 'en'),
    (8, 'A Connecticut Yankee in King Arthur''s Court', 1889, 'en'), (9, 'Little Women', 1868, 'en'),
    (9, 'Little Men', 1871, 'en'), (10, 'Война и мир', 1869, 'ru'), (10, 'Анна Каренина', 1878, 'ru'),
    (10, 'Смерть Ивана Ильича', 1886, 'ru'), (11, 'Преступление и наказание', 1866, 'ru'), (11, 'Идиот', 1869, 'ru'),
    (11, 'Братья Карамазовы', 1880, 'ru'), (12, 'Чайка', 1896, 'ru'), (12, 'Вишнёвый сад', 1904, 'ru'),
    (13, 'Madame Bovary', 1857, 'fr'), (13, 'L''Éducation sentimentale', 1869, 'fr'), (14, 'Germinal', 1885, 'fr'),
    (14, 'Thérèse Raquin', 1867, 'fr'), (15, 'Vingt mille lieues sous les mers', 1870, 'fr'),
    (15, 'Le Tour du monde en quatre-vingts jours', 1872, 'fr'), (15, 'L''Île mystérieuse', 1875, 'fr'),
    (16, 'Notre-Dame de Paris', 1831, 'fr'), (16, 'Les Misérables', 1862, 'fr'),
    (17, 'Die Leiden des jungen Werthers', 1774, 'de'), (17, 'Faust', 1808, 'de'), (18, 'Effi Briest', 1895, 'de'),
    (18, 'Der Stechlin', 1897, 'de'), (19, 'Die Verwandlung', 1915, 'de'), (19, 'Der Process', 1925, 'de'),
    (19, 'Das Schloß', 1926, 'de'), (20, 'El ingenioso hidalgo don Quijote de la Mancha', 1605, 'es'),
    (20, 'Novelas ejemplares', 1613, 'es'), (21, 'Fortunata y Jacinta', 1887, 'es'), (22, 'Os Maias', 1888, 'pt'),
    (23, 'Dom Casmurro', 1899, 'pt'), (23, 'Memórias Póstumas de Brás Cubas', 1881, 'pt'), (24, 'Peer Gynt', 1867, 'no'),
    (24, 'Et dukkehjem', 1879, 'no'), (25, 'Gösta Berlings saga', 1891, 'sv'),
    (25, 'Nils Holgerssons underbara resa genom Sverige', 1906, 'sv'), (26, 'Eventyr, fortalte for Børn', 1835, 'da'),
    (27, '源氏物語', NULL, 'ja'), (28, '吾輩は猫である', 1905, 'ja'), (28, 'こゝろ', 1914, 'ja'), (29, '紅樓夢', 1791, 'zh'),
    (30, 'গীতাঞ্জলি', 1910, 'bn'), (31, 'La divina commedia', 1321, 'it'), (32, 'Ἰλιάς', NULL, 'grc'),
    (32, 'Ὀδύσσεια', NULL, 'grc'), (33, 'Mrs Dalloway', 1925, 'en'), (33, 'To the Lighthouse', 1927, 'en'),
    (33, 'Orlando', 1928, 'en'), (34, 'The Picture of Dorian Gray', 1890, 'en'),
    (34, 'The Importance of Being Earnest', 1895, 'en'), (35, 'Dracula', 1897, 'en'), (36, 'A Study in Scarlet', 1887, 'en'),
    (36, 'The Hound of the Baskervilles', 1902, 'en'), (36, 'The Lost World', 1912, 'en'), (37, 'Treasure Island', 1883, 'en'),
    (37, 'Strange Case of Dr Jekyll and Mr Hyde', 1886, 'en'), (38, 'The Time Machine', 1895, 'en'),
    (38, 'The Invisible Man', 1897, 'en'), (38, 'The War of the Worlds', 1898, 'en'), (39, 'R.U.R.', 1920, 'cs'),
    (39, 'Válka s mloky', 1936, 'cs'), (40, 'Beowulf', NULL, 'ang'), (40, 'The Arabian Nights', NULL, 'en'),
    (40, 'Nibelungenlied', NULL, 'de');

-- Each work in up to four editions: the number of an edition sets its price, and the paperback of a few has no ISBN.
WITH editions (edition, name, base) AS (VALUES (0, '', 899), (1, ' (hardcover)', 2199), (2, ' (illustrated)', 3450), (3, ' (large print)', 1595))
INSERT INTO books (author_id, title, published, language, pages, price_cents, stock, isbn)
SELECT author_id, title || name, published, language,
    CASE WHEN id % 17 = 0 THEN NULL ELSE 120 + (id * 7919 + edition * 131) % 780 END,
    base + (id * 37 + edition * 11) % 40 * 25,
    CASE WHEN (id + edition) % 9 = 0 THEN 0 ELSE (id * 53 + edition * 29) % 60 END,
    CASE WHEN (id + edition) % 13 = 0 THEN NULL ELSE printf('978-0-%05d-%03d-%d', 10000 + id * 613 % 89999, id, (id + edition * 3) % 10) END
FROM works CROSS JOIN editions
WHERE edition < 1 + id % 4
ORDER BY id, edition;

CREATE TEMP TABLE first_names (n INTEGER PRIMARY KEY, name TEXT);
INSERT INTO first_names (name) VALUES ('Ada'), ('Bjørn'), ('Chloé'), ('Dmitri'), ('Esra'), ('Fatima'), ('Grace'), ('Hiroshi'), ('Inês'),
    ('João'), ('Katarzyna'), ('Liam'), ('Mei'), ('Noor'), ('Olga'), ('Pádraig'), ('Quentin'), ('Rosa'), ('Søren'), ('Tomáš'), ('Ursula'),
    ('Valentina'), ('Wanjiru'), ('Ximena'), ('Yuki'), ('Zoë'), ('Anders'), ('Beatriz'), ('Chidi'), ('Dana'), ('Emil');
CREATE TEMP TABLE last_names (n INTEGER PRIMARY KEY, name TEXT);
INSERT INTO last_names (name) VALUES ('Lovelace'), ('Hopper'), ('Müller'), ('García'), ('O''Neill'), ('Nowak'), ('Sato'), ('Petrov'), ('Silva'),
    ('Dubois'), ('Jensen'), ('Okafor'), ('Yılmaz'), ('Novák'), ('Kaur'), ('van den Berg'), ('Rossi'), ('Smith'), ('Nguyễn'), ('Haddad'), ('Lindqvist'),
    ('Papadopoulos'), ('Cohen'), ('Mwangi'), ('Björk'), ('Fernández'), ('Kim'), ('Schmidt'), ('Ivanova');
CREATE TEMP TABLE cities (n INTEGER PRIMARY KEY, city TEXT, country TEXT);
INSERT INTO cities (city, country) VALUES ('London', 'United Kingdom'), ('Zürich', 'Switzerland'), ('Kraków', 'Poland'), ('São Paulo', 'Brazil'),
    ('東京', 'Japan'), ('Αθήνα', 'Greece'), ('Malmö', 'Sweden'), ('İstanbul', 'Türkiye'), ('Dublin', 'Ireland'), ('Portland', 'United States'),
    ('Montréal', 'Canada'), ('Berlin', 'Germany'), ('Lagos', 'Nigeria');

-- 31 first and 29 last names have no common factor, so the 600 customers all have different names.
WITH RECURSIVE numbers (n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM numbers WHERE n < 599)
INSERT INTO customers (id, name, email, city, country, joined)
SELECT numbers.n + 1, f.name || ' ' || l.name,
    CASE WHEN numbers.n % 11 = 7 THEN NULL ELSE printf('reader%03d@example.com', numbers.n + 1) END,
    c.city, c.country, date('2021-01-01', printf('+%d days', numbers.n * 7 % 1500))
FROM numbers
    JOIN first_names AS f ON f.n = numbers.n % 31 + 1
    JOIN last_names AS l ON l.n = numbers.n % 29 + 1
    JOIN cities AS c ON c.n = (numbers.n + numbers.n / 7) % 13 + 1;

-- 2500 orders through 2024 and 2025, more of them by some customers than by others, and busier towards each year's end.
WITH RECURSIVE numbers (n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM numbers WHERE n < 2499),
placed AS (
    SELECT n,
        CASE WHEN n % 3 = 0 THEN n * 17 % 60 ELSE n * 7 % 600 END + 1 AS customer_id,
        datetime('2024-01-01', printf('+%d days', n * 731 / 2500), printf('+%d seconds', n * 7907 % 86400)) AS ordered_at,
        CASE WHEN n > 2440 THEN 'placed' WHEN n > 2400 THEN 'shipped' WHEN n % 29 = 3 THEN 'returned' WHEN n % 41 = 5 THEN 'cancelled'
            ELSE 'delivered' END AS status
    FROM numbers
)
INSERT INTO orders (id, customer_id, ordered_at, shipped_at, status, note)
SELECT n + 1, customer_id, ordered_at,
    CASE WHEN status IN ('placed', 'cancelled') THEN NULL ELSE datetime(ordered_at, printf('+%d hours', 6 + n * 13 % 90)) END,
    status,
    CASE n % 50 WHEN 4 THEN 'Please wrap as a gift 🎁' WHEN 19 THEN 'Leave with the neighbour,' || char(10) || 'ring twice' WHEN 33 THEN '' END
FROM placed;

-- One to four different books an order.
WITH lines (line) AS (VALUES (0), (1), (2), (3)),
size (books) AS (SELECT count(*) FROM books)
INSERT INTO order_items (order_id, book_id, quantity, price_cents)
SELECT o.id, b.id, 1 + (o.id * 3 + line) % 7 / 5, b.price_cents - CASE WHEN o.id % 10 = 0 THEN b.price_cents / 10 ELSE 0 END
FROM orders AS o
    CROSS JOIN lines
    CROSS JOIN size
    JOIN books AS b ON b.id = (o.id * o.id % 97 + o.id * 5 + line * 31) % size.books + 1
WHERE line < 1 + o.id % 4;

-- A third of what was delivered is reviewed, once by each customer.
WITH bodies (k, body) AS (VALUES (0, 'Could not put it down.'), (1, NULL), (2, 'A classic for a reason.'), (3, 'The binding fell apart after a week.'),
    (4, 'Ein Buch, das man zweimal lesen muss.'), (5, 'Très belle édition, papier épais.'), (6, 'Too long by half, but the ending is worth it.'),
    (7, '何度読んでも新しい発見がある。'), (8, 'My daughter says "ten out of ten".'), (9, 'Arrived late; good book.'), (10, NULL))
INSERT OR IGNORE INTO reviews (book_id, customer_id, rating, body, created_at)
SELECT i.book_id, o.customer_id,
    CASE k WHEN 3 THEN 1 + o.id % 2 WHEN 6 THEN 3 WHEN 9 THEN 3 + o.id % 2 ELSE 4 + (o.id + i.book_id) % 2 END,
    body, datetime(o.shipped_at, printf('+%d days', 3 + (o.id + i.book_id) % 40))
FROM orders AS o
    JOIN order_items AS i ON i.order_id = o.id
    JOIN bodies ON k = (o.id * 5 + i.book_id) % 11
WHERE o.status = 'delivered' AND (o.id + i.book_id) % 3 = 0
ORDER BY o.id, i.book_id;

CREATE INDEX books_author ON books (author_id);
CREATE INDEX books_title ON books (title COLLATE NOCASE);
CREATE INDEX orders_customer ON orders (customer_id, ordered_at);
CREATE INDEX orders_ordered_at ON orders (ordered_at);
CREATE INDEX order_items_book ON order_items (book_id);
CREATE INDEX reviews_customer ON reviews (customer_id);

CREATE VIEW order_totals AS
SELECT o.id AS order_id, o.customer_id, o.ordered_at, o.status, sum(i.quantity) AS books, sum(i.quantity * i.price_cents) AS total_cents
FROM orders AS o JOIN order_items AS i ON i.order_id = o.id
GROUP BY o.id;

CREATE VIEW bestsellers AS
SELECT b.id AS book_id, b.title, a.name AS author, sum(i.quantity) AS sold, sum(i.quantity * i.price_cents) AS revenue_cents
FROM order_items AS i
    JOIN orders AS o ON o.id = i.order_id AND o.status NOT IN ('returned', 'cancelled')
    JOIN books AS b ON b.id = i.book_id
    JOIN authors AS a ON a.id = b.author_id
GROUP BY b.id
ORDER BY sold DESC, b.id;

CREATE VIEW book_ratings AS
SELECT b.id AS book_id, b.title, count(r.id) AS reviews, round(avg(r.rating), 2) AS rating
FROM books AS b LEFT JOIN reviews AS r ON r.book_id = b.id
GROUP BY b.id;

COMMIT;
ANALYZE;
