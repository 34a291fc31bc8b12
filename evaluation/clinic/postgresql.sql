CREATE TABLE departments (
    id integer PRIMARY KEY,
    name text NOT NULL UNIQUE,
    floor integer NOT NULL
);

CREATE TABLE doctors (
    id integer PRIMARY KEY,
    name text NOT NULL,
    department_id integer NOT NULL REFERENCES departments (id),
    hired_on date NOT NULL,
    is_active boolean NOT NULL DEFAULT true
);

CREATE TABLE patients (
    id integer PRIMARY KEY,
    first_name text NOT NULL,
    last_name text NOT NULL,
    born_on date NOT NULL,
    sex char(1) NOT NULL CHECK (sex IN ('f', 'm')),
    city text NOT NULL,
    insurance text CHECK (insurance IN ('public', 'private'))
);

CREATE TABLE appointments (
    id integer PRIMARY KEY,
    patient_id integer NOT NULL REFERENCES patients (id),
    doctor_id integer NOT NULL REFERENCES doctors (id),
    starts_at timestamp NOT NULL,
    minutes integer NOT NULL CHECK (minutes > 0),
    status text NOT NULL CHECK (status IN ('booked', 'done', 'cancelled', 'no_show')),
    fee numeric(8, 2) NOT NULL
);
CREATE INDEX ON appointments (doctor_id, starts_at);

CREATE TABLE diagnoses (
    code text PRIMARY KEY,
    name text NOT NULL
);

CREATE TABLE appointment_diagnoses (
    appointment_id integer NOT NULL REFERENCES appointments (id),
    diagnosis_code text NOT NULL REFERENCES diagnoses (code),
    PRIMARY KEY (appointment_id, diagnosis_code)
);

CREATE TABLE medications (
    id integer PRIMARY KEY,
    name text NOT NULL,
    form text NOT NULL,
    pack_price numeric(8, 2) NOT NULL
);

CREATE TABLE prescriptions (
    id integer PRIMARY KEY,
    appointment_id integer NOT NULL REFERENCES appointments (id),
    medication_id integer NOT NULL REFERENCES medications (id),
    days integer NOT NULL,
    daily_dose integer NOT NULL
);

COMMENT ON COLUMN patients.insurance IS 'Null for those who pay themselves';
COMMENT ON COLUMN appointments.fee IS 'In euros; owed only when the status is done';
COMMENT ON COLUMN prescriptions.daily_dose IS 'Units a day: tablets, drops, puffs';
