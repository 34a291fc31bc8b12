CREATE TABLE depots (
    id integer PRIMARY KEY,
    name text NOT NULL,
    city text NOT NULL,
    country text NOT NULL
);

CREATE TABLE vehicles (
    id integer PRIMARY KEY,
    plate text NOT NULL UNIQUE,
    kind text NOT NULL CHECK (kind IN ('van', 'truck', 'bike')),
    depot_id integer NOT NULL REFERENCES depots (id),
    capacity_kg integer NOT NULL,
    in_service boolean NOT NULL
);

CREATE TABLE drivers (
    id integer PRIMARY KEY,
    name text NOT NULL,
    depot_id integer NOT NULL REFERENCES depots (id),
    manager_id integer REFERENCES drivers (id)
);

CREATE TABLE trips (
    id integer PRIMARY KEY,
    vehicle_id integer NOT NULL REFERENCES vehicles (id),
    driver_id integer NOT NULL REFERENCES drivers (id),
    started_at timestamp NOT NULL,
    ended_at timestamp,
    distance_km numeric(8, 1)
);

CREATE TABLE shipments (
    id integer PRIMARY KEY,
    trip_id integer REFERENCES trips (id),
    from_depot_id integer NOT NULL REFERENCES depots (id),
    to_depot_id integer NOT NULL REFERENCES depots (id),
    weight_kg numeric(8, 1) NOT NULL,
    state char(1) NOT NULL,
    created_at timestamp NOT NULL,
    delivered_at timestamp
);

CREATE TABLE devices (
    id integer PRIMARY KEY,
    vehicle_id integer NOT NULL REFERENCES vehicles (id),
    model text NOT NULL,
    "firmwareVersion" text NOT NULL
);

CREATE TABLE readings (
    device_id integer NOT NULL REFERENCES devices (id),
    recorded_at timestamp NOT NULL,
    temperature numeric(5, 1),
    battery integer NOT NULL,
    PRIMARY KEY (device_id, recorded_at)
);

COMMENT ON COLUMN shipments.state IS 'W waiting, T in transit, D delivered, L lost';
COMMENT ON COLUMN drivers.manager_id IS 'The driver who leads them; null for those who lead a depot';
COMMENT ON COLUMN readings.temperature IS 'Degrees Celsius in the hold; null where the sensor failed';
COMMENT ON COLUMN readings.battery IS 'Percent';
COMMENT ON COLUMN trips.ended_at IS 'Null while the vehicle is on its way';
