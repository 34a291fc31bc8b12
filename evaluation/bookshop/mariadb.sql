CREATE TABLE authors (
    id INT PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    country VARCHAR(60) NOT NULL,
    born_year INT
);

CREATE TABLE books (
    id INT PRIMARY KEY,
    title VARCHAR(200) NOT NULL,
    author_id INT NOT NULL REFERENCES authors (id),
    genre VARCHAR(30) NOT NULL,
    price DECIMAL(10, 2) NOT NULL COMMENT 'What it costs today, in euros' CHECK (price > 0),
    stock INT NOT NULL DEFAULT 0 COMMENT 'Copies in the warehouse',
    published_on DATE NOT NULL
);

CREATE TABLE customers (
    id INT PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    email VARCHAR(200) UNIQUE,
    city VARCHAR(60) NOT NULL,
    country VARCHAR(60) NOT NULL,
    joined_on DATE NOT NULL
);

CREATE TABLE orders (
    id INT PRIMARY KEY,
    customer_id INT NOT NULL REFERENCES customers (id),
    ordered_at DATETIME NOT NULL,
    shipped_at DATETIME,
    status ENUM ('placed', 'shipped', 'delivered', 'returned', 'cancelled') NOT NULL
);

CREATE TABLE order_items (
    order_id INT NOT NULL REFERENCES orders (id),
    book_id INT NOT NULL REFERENCES books (id),
    quantity INT NOT NULL CHECK (quantity > 0),
    unit_price DECIMAL(10, 2) NOT NULL COMMENT 'What one copy cost when it was ordered, in euros',
    PRIMARY KEY (order_id, book_id)
);

CREATE TABLE reviews (
    id INT PRIMARY KEY,
    book_id INT NOT NULL REFERENCES books (id),
    customer_id INT NOT NULL REFERENCES customers (id),
    rating INT NOT NULL CHECK (rating BETWEEN 1 AND 5),
    body TEXT,
    created_at DATETIME NOT NULL
);

CREATE VIEW book_sales AS
SELECT i.book_id, sum(i.quantity) AS copies, sum(i.quantity * i.unit_price) AS revenue
FROM order_items i JOIN orders o ON o.id = i.order_id
WHERE o.status NOT IN ('returned', 'cancelled')
GROUP BY i.book_id;
