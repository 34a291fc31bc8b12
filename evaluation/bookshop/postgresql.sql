CREATE TABLE authors (
    id integer PRIMARY KEY,
    name text NOT NULL,
    country text NOT NULL,
    born_year integer
);

CREATE TABLE books (
    id integer PRIMARY KEY,
    title text NOT NULL,
    author_id integer NOT NULL REFERENCES authors (id),
    genre text NOT NULL,
    price numeric(10, 2) NOT NULL CHECK (price > 0),
    stock integer NOT NULL DEFAULT 0,
    published_on date NOT NULL
);

CREATE TABLE customers (
    id integer PRIMARY KEY,
    name text NOT NULL,
    email text UNIQUE,
    city text NOT NULL,
    country text NOT NULL,
    joined_on date NOT NULL
);

CREATE TYPE order_status AS ENUM ('placed', 'shipped', 'delivered', 'returned', 'cancelled');

CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES customers (id),
    ordered_at timestamp NOT NULL,
    shipped_at timestamp,
    status order_status NOT NULL
);
CREATE INDEX ON orders (customer_id);

CREATE TABLE order_items (
    order_id integer NOT NULL REFERENCES orders (id),
    book_id integer NOT NULL REFERENCES books (id),
    quantity integer NOT NULL CHECK (quantity > 0),
    unit_price numeric(10, 2) NOT NULL,
    PRIMARY KEY (order_id, book_id)
);

CREATE TABLE reviews (
    id integer PRIMARY KEY,
    book_id integer NOT NULL REFERENCES books (id),
    customer_id integer NOT NULL REFERENCES customers (id),
    rating integer NOT NULL CHECK (rating BETWEEN 1 AND 5),
    body text,
    created_at timestamp NOT NULL
);

CREATE VIEW book_sales AS
SELECT i.book_id, sum(i.quantity) AS copies, sum(i.quantity * i.unit_price) AS revenue
FROM order_items i JOIN orders o ON o.id = i.order_id
WHERE o.status NOT IN ('returned', 'cancelled')
GROUP BY i.book_id;

COMMENT ON COLUMN books.price IS 'What it costs today, in euros';
COMMENT ON COLUMN books.stock IS 'Copies in the warehouse';
COMMENT ON COLUMN order_items.unit_price IS 'What one copy cost when it was ordered, in euros';
COMMENT ON VIEW book_sales IS 'Copies and revenue of every book that was sold, without returned and cancelled orders';
