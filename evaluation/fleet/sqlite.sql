CREATE TABLE depots (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    city TEXT NOT NULL,
    country TEXT NOT NULL
);

CREATE TABLE vehicles (
    id INTEGER PRIMARY KEY,
    plate TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('van', 'truck', 'bike')),
    depot_id INTEGER NOT NULL REFERENCES depots (id),
    capacity_kg INTEGER NOT NULL,
    in_service BOOLEAN NOT NULL
);

CREATE TABLE drivers (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    depot_id INTEGER NOT NULL REFERENCES depots (id),
    manager_id INTEGER REFERENCES drivers (id) -- the driver who leads them; null for those who lead a depot
);

CREATE TABLE trips (
    id INTEGER PRIMARY KEY,
    vehicle_id INTEGER NOT NULL REFERENCES vehicles (id),
    driver_id INTEGER NOT NULL REFERENCES drivers (id),
    started_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP, -- null while the vehicle is on its way
    distance_km DECIMAL(8, 1)
);

CREATE TABLE shipments (
    id INTEGER PRIMARY KEY,
    trip_id INTEGER REFERENCES trips (id),
    from_depot_id INTEGER NOT NULL REFERENCES depots (id),
    to_depot_id INTEGER NOT NULL REFERENCES depots (id),
    weight_kg DECIMAL(8, 1) NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('W', 'T', 'D', 'L')), -- W waiting, T in transit, D delivered, L lost
    created_at TIMESTAMP NOT NULL,
    delivered_at TIMESTAMP
);

CREATE TABLE devices (
    id INTEGER PRIMARY KEY,
    vehicle_id INTEGER NOT NULL REFERENCES vehicles (id),
    model TEXT NOT NULL,
    firmwareVersion TEXT NOT NULL
);

CREATE TABLE readings (
    device_id INTEGER NOT NULL REFERENCES devices (id),
    recorded_at TIMESTAMP NOT NULL,
    temperature DECIMAL(5, 1), -- degrees Celsius in the hold; null where the sensor failed
    battery INTEGER NOT NULL, -- percent
    PRIMARY KEY (device_id, recorded_at)
);
