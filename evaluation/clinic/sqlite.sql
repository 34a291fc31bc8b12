CREATE TABLE departments (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    floor INTEGER NOT NULL
);

CREATE TABLE doctors (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    department_id INTEGER NOT NULL REFERENCES departments (id),
    hired_on DATE NOT NULL,
    is_active BOOLEAN NOT NULL DEFAULT TRUE
);

CREATE TABLE patients (
    id INTEGER PRIMARY KEY,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    born_on DATE NOT NULL,
    sex TEXT NOT NULL CHECK (sex IN ('f', 'm')),
    city TEXT NOT NULL,
    insurance TEXT CHECK (insurance IN ('public', 'private')) -- null for those who pay themselves
);

CREATE TABLE appointments (
    id INTEGER PRIMARY KEY,
    patient_id INTEGER NOT NULL REFERENCES patients (id),
    doctor_id INTEGER NOT NULL REFERENCES doctors (id),
    starts_at TIMESTAMP NOT NULL,
    minutes INTEGER NOT NULL CHECK (minutes > 0),
    status TEXT NOT NULL CHECK (status IN ('booked', 'done', 'cancelled', 'no_show')),
    fee DECIMAL(8, 2) NOT NULL -- in euros; owed only when the status is done
);
CREATE INDEX appointments_doctor ON appointments (doctor_id, starts_at);

CREATE TABLE diagnoses (
    code TEXT PRIMARY KEY,
    name TEXT NOT NULL
);

CREATE TABLE appointment_diagnoses (
    appointment_id INTEGER NOT NULL REFERENCES appointments (id),
    diagnosis_code TEXT NOT NULL REFERENCES diagnoses (code),
    PRIMARY KEY (appointment_id, diagnosis_code)
);

CREATE TABLE medications (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    form TEXT NOT NULL,
    pack_price DECIMAL(8, 2) NOT NULL
);

CREATE TABLE prescriptions (
    id INTEGER PRIMARY KEY,
    appointment_id INTEGER NOT NULL REFERENCES appointments (id),
    medication_id INTEGER NOT NULL REFERENCES medications (id),
    days INTEGER NOT NULL,
    daily_dose INTEGER NOT NULL -- units a day: tablets, drops, puffs
);
