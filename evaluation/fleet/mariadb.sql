CREATE TABLE depots (
    id INT PRIMARY KEY,
    name VARCHAR(60) NOT NULL,
    city VARCHAR(60) NOT NULL,
    country VARCHAR(60) NOT NULL
);

CREATE TABLE vehicles (
    id INT PRIMARY KEY,
    plate VARCHAR(12) NOT NULL UNIQUE,
    kind ENUM ('van', 'truck', 'bike') NOT NULL,
    depot_id INT NOT NULL REFERENCES depots (id),
    capacity_kg INT NOT NULL,
    in_service BOOLEAN NOT NULL
);

CREATE TABLE drivers (
    id INT PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    depot_id INT NOT NULL REFERENCES depots (id),
    manager_id INT COMMENT 'The driver who leads them; null for those who lead a depot' REFERENCES drivers (id)
);

CREATE TABLE trips (
    id INT PRIMARY KEY,
    vehicle_id INT NOT NULL REFERENCES vehicles (id),
    driver_id INT NOT NULL REFERENCES drivers (id),
    started_at DATETIME NOT NULL,
    ended_at DATETIME COMMENT 'Null while the vehicle is on its way',
    distance_km DECIMAL(8, 1)
);

CREATE TABLE shipments (
    id INT PRIMARY KEY,
    trip_id INT REFERENCES trips (id),
    from_depot_id INT NOT NULL REFERENCES depots (id),
    to_depot_id INT NOT NULL REFERENCES depots (id),
    weight_kg DECIMAL(8, 1) NOT NULL,
    state CHAR(1) NOT NULL COMMENT 'W waiting, T in transit, D delivered, L lost',
    created_at DATETIME NOT NULL,
    delivered_at DATETIME
);

CREATE TABLE devices (
    id INT PRIMARY KEY,
    vehicle_id INT NOT NULL REFERENCES vehicles (id),
    model VARCHAR(30) NOT NULL,
    firmwareVersion VARCHAR(12) NOT NULL
);

CREATE TABLE readings (
    device_id INT NOT NULL REFERENCES devices (id),
    recorded_at DATETIME NOT NULL,
    temperature DECIMAL(5, 1) COMMENT 'Degrees Celsius in the hold; null where the sensor failed',
    battery INT NOT NULL COMMENT 'Percent',
    PRIMARY KEY (device_id, recorded_at)
);
