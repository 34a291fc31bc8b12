CREATE TABLE departments (
    id INT PRIMARY KEY,
    name VARCHAR(60) NOT NULL UNIQUE,
    floor INT NOT NULL
);

CREATE TABLE doctors (
    id INT PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    department_id INT NOT NULL REFERENCES departments (id),
    hired_on DATE NOT NULL,
    is_active BOOLEAN NOT NULL DEFAULT TRUE
);

CREATE TABLE patients (
    id INT PRIMARY KEY,
    first_name VARCHAR(60) NOT NULL,
    last_name VARCHAR(60) NOT NULL,
    born_on DATE NOT NULL,
    sex CHAR(1) NOT NULL CHECK (sex IN ('f', 'm')),
    city VARCHAR(60) NOT NULL,
    insurance VARCHAR(10) COMMENT 'Null for those who pay themselves' CHECK (insurance IN ('public', 'private'))
);

CREATE TABLE appointments (
    id INT PRIMARY KEY,
    patient_id INT NOT NULL REFERENCES patients (id),
    doctor_id INT NOT NULL REFERENCES doctors (id),
    starts_at DATETIME NOT NULL,
    minutes INT NOT NULL CHECK (minutes > 0),
    status ENUM ('booked', 'done', 'cancelled', 'no_show') NOT NULL,
    fee DECIMAL(8, 2) NOT NULL COMMENT 'In euros; owed only when the status is done',
    KEY (doctor_id, starts_at)
);

CREATE TABLE diagnoses (
    code VARCHAR(8) PRIMARY KEY,
    name VARCHAR(100) NOT NULL
);

CREATE TABLE appointment_diagnoses (
    appointment_id INT NOT NULL REFERENCES appointments (id),
    diagnosis_code VARCHAR(8) NOT NULL REFERENCES diagnoses (code),
    PRIMARY KEY (appointment_id, diagnosis_code)
);

CREATE TABLE medications (
    id INT PRIMARY KEY,
    name VARCHAR(60) NOT NULL,
    form VARCHAR(20) NOT NULL,
    pack_price DECIMAL(8, 2) NOT NULL
);

CREATE TABLE prescriptions (
    id INT PRIMARY KEY,
    appointment_id INT NOT NULL REFERENCES appointments (id),
    medication_id INT NOT NULL REFERENCES medications (id),
    days INT NOT NULL,
    daily_dose INT NOT NULL COMMENT 'Units a day: tablets, drops, puffs'
);
