#!/usr/bin/env python3
"""Writes the rows of the three schemas: seed.py. The same rows every time, in SQL that PostgreSQL, MariaDB and SQLite all read.

`check` fails where a data.sql is not what this writes. A change here changes expected rows: run `check --write` afterwards.
"""

import datetime
import random
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FIRST = ("Ada Bruno Clara Dmitri Elena Farid Greta Hugo Ines Jonas Katya Liam Mara Nils Olga Pedro Quinn Rosa Sven Tara Umar Vera "
         "Wim Xenia Yusuf Zoe").split()
LAST = ("Abel Brandt Conti Dahl Eriksen Falk Garcia Holm Ivanov Jansen Kowalski Lindgren Moreau Novak O'Brien Petrov Quist Rossi "
        "Silva Toth Ulrich Vance Weber Xu Young Zeman").split()
PLACES = [("Berlin", "Germany"), ("Hamburg", "Germany"), ("Paris", "France"), ("Lyon", "France"), ("Madrid", "Spain"),
          ("Lisbon", "Portugal"), ("Vienna", "Austria"), ("Dublin", "Ireland")]


class Chance:
    """Numbers that are the same in every version of Python: only random() is promised to be."""

    def __init__(self, seed):
        self.source = random.Random(seed)

    def below(self, count):
        return int(self.source.random() * count)

    def between(self, least, most):
        return least + self.below(most - least + 1)

    def one(self, values):
        return values[self.below(len(values))]

    def odds(self, chance):
        return self.source.random() < chance

    def person(self):
        return self.one(FIRST), self.one(LAST)


def day(start, days):
    return (datetime.date.fromisoformat(start) + datetime.timedelta(days=days)).isoformat()


def moment(start, minutes):
    return str(datetime.datetime.fromisoformat(start) + datetime.timedelta(minutes=minutes))


def cents(amount):
    return Decimal(amount, 2)


class Decimal:
    """A number with a fixed point, from a whole number of its last digits."""

    def __init__(self, units, digits):
        self.text = f"{units // 10 ** digits}.{units % 10 ** digits:0{digits}}" if units >= 0 else f"-{Decimal(-units, digits).text}"


def literal(value):
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return value.text
    return "'" + value.replace("'", "''") + "'"


def distinct_names(chance, count):
    """As many full names, all different."""
    found = {}
    while len(found) < count:
        found[" ".join(chance.person())] = None
    return list(found)


def bookshop():
    chance = Chance(11)
    countries = ["Ireland", "France", "Germany", "Spain", "Japan", "Brazil"]
    authors = [(number, name, chance.one(countries), None if number % 9 == 4 else chance.between(1880, 1990))
               for number, name in enumerate(distinct_names(chance, 20), 1)]
    yield "authors", "id, name, country, born_year", authors
    heads, tails = "Winter Harbour Glass Paper Northern Silent Copper Salt".split(), "Garden Letters Road House Atlas Children".split()
    titles = [f"The {head} {tail}" for tail in tails for head in heads]
    genres = ["novel", "poetry", "crime", "travel", "history"]
    books = [(number, titles[number - 1], chance.between(1, 18), chance.one(genres), cents(chance.between(500, 4000) // 5 * 5),
              0 if number % 12 == 7 else chance.between(1, 60), day("1990-01-01", chance.below(12700))) for number in range(1, 46)]
    yield "books", "id, title, author_id, genre, price, stock, published_on", books
    customers = []
    for number, name in enumerate(distinct_names(chance, 40), 1):
        email = None if number % 11 == 5 else name.lower().replace(" ", ".").replace("'", "") + "@example.com"
        customers.append((number, name, email, *chance.one(PLACES), day("2023-01-01", chance.below(900))))
    yield "customers", "id, name, email, city, country, joined_on", customers
    orders, items = [], []
    for number in range(1, 151):
        ordered = chance.below(500 * 24 * 60)
        status = chance.one(["placed", "shipped", "delivered", "delivered", "delivered", "delivered", "returned", "cancelled"])
        shipped = None if status in ("placed", "cancelled") else moment("2025-01-01", ordered + chance.between(120, 6000))
        orders.append((number, chance.between(1, 36), moment("2025-01-01", ordered), shipped, status))
        for book in sorted({chance.between(1, 42) for _ in range(chance.between(1, 4))}):
            price = int(books[book - 1][4].text.replace(".", ""))
            items.append((number, book, chance.one([1, 1, 1, 2, 3]), cents(price * chance.between(85, 100) // 100)))
    yield "orders", "id, customer_id, ordered_at, shipped_at, status", orders
    yield "order_items", "order_id, book_id, quantity, unit_price", items
    bodies = ["Could not put it down.", "Not for me.", "A fine translation.", "The ending is weak.", None]
    yield "reviews", "id, book_id, customer_id, rating, body, created_at", [
        (number, chance.between(1, 40), chance.between(1, 40), chance.one([1, 2, 3, 4, 4, 5, 5]), chance.one(bodies),
         moment("2025-02-01", chance.below(450 * 24 * 60))) for number in range(1, 91)]


def clinic():
    chance = Chance(22)
    names = ["Cardiology", "Dermatology", "Neurology", "Orthopaedics", "Paediatrics", "Radiology"]
    yield "departments", "id, name, floor", [(number, name, number % 4 + 1) for number, name in enumerate(names, 1)]
    doctors = [(number, "Dr " + name, chance.between(1, 5), day("2008-01-01", chance.below(6000)), number % 7 != 3)
               for number, name in enumerate(distinct_names(chance, 14), 1)]
    yield "doctors", "id, name, department_id, hired_on, is_active", doctors
    patients = []
    for number in range(1, 61):
        first, last = chance.person()
        insurance = chance.one(["public", "public", "public", "private", None])
        patients.append((number, first, last, day("1940-01-01", chance.below(29000)), chance.one(["f", "m"]), chance.one(PLACES)[0],
                         insurance))
    yield "patients", "id, first_name, last_name, born_on, sex, city, insurance", patients
    codes = [("E11", "Type 2 diabetes"), ("G43", "Migraine"), ("I10", "Hypertension"), ("J45", "Asthma"), ("L20", "Atopic dermatitis"),
             ("M54", "Back pain"), ("S52", "Fracture of forearm")]
    medications = [("Aspirin", "tablet", 450), ("Ibuprofen", "tablet", 520), ("Metformin", "tablet", 890), ("Salbutamol", "inhaler", 1240),
                   ("Hydrocortisone", "cream", 760), ("Sumatriptan", "tablet", 1890), ("Ramipril", "tablet", 980),
                   ("Timolol", "drops", 1120)]
    appointments, found, prescribed = [], [], []
    for number in range(1, 181):
        starts = chance.below(420) * 24 * 60 + 8 * 60 + chance.below(36) * 15
        status = chance.one(["done", "done", "done", "done", "booked", "cancelled", "no_show"])
        appointments.append((number, chance.between(1, 56), chance.between(1, 13), moment("2025-03-01", starts),
                             chance.one([15, 30, 30, 45, 60]), status, cents(chance.between(30, 180) * 100 + chance.one([0, 50]))))
        if status == "done":
            found += [(number, code) for code in sorted({chance.one(codes)[0] for _ in range(chance.between(0, 2))})]
            prescribed += [(number, chance.between(1, 7), chance.one([5, 7, 10, 14, 30]), chance.between(1, 3))
                           for _ in range(chance.between(0, 2))]
    yield "appointments", "id, patient_id, doctor_id, starts_at, minutes, status, fee", appointments
    yield "diagnoses", "code, name", codes
    yield "appointment_diagnoses", "appointment_id, diagnosis_code", found
    yield "medications", "id, name, form, pack_price", [(number, name, form, cents(price))
                                                        for number, (name, form, price) in enumerate(medications, 1)]
    yield "prescriptions", "id, appointment_id, medication_id, days, daily_dose", [
        (number, *rest) for number, rest in enumerate(prescribed, 1)]


def fleet():
    chance = Chance(33)
    depots = [(number, f"{city} {side}", city, country)
              for number, ((city, country), side) in enumerate(zip(PLACES, ["North", "Port", "East", "South"] * 2), 1)]
    yield "depots", "id, name, city, country", depots
    capacities = {"van": 1200, "truck": 12000, "bike": 60}
    vehicles = []
    for number in range(1, 31):
        kind = chance.one(["van", "van", "truck", "truck", "bike"])
        plate = f"{chance.one('BHKMPR')}{chance.one('ADEL')}-{100 + number * 7}"
        vehicles.append((number, plate, kind, chance.between(1, 7), capacities[kind] + chance.below(4) * capacities[kind] // 10,
                         number % 8 != 5))
    yield "vehicles", "id, plate, kind, depot_id, capacity_kg, in_service", vehicles
    yield "drivers", "id, name, depot_id, manager_id", [
        (number, name, number if number <= 7 else chance.between(1, 7), None if number <= 7 else chance.between(1, 7))
        for number, name in enumerate(distinct_names(chance, 26), 1)]
    trips = []
    for number in range(1, 141):
        begins, takes = chance.below(300 * 24 * 60), chance.between(40, 700)
        under_way = number % 20 == 9
        trips.append((number, chance.between(1, 28), chance.between(2, 25), moment("2025-06-01", begins),
                      None if under_way else moment("2025-06-01", begins + takes),
                      None if under_way else Decimal(takes * chance.between(5, 12), 1)))
    yield "trips", "id, vehicle_id, driver_id, started_at, ended_at, distance_km", trips
    shipments = []
    for number in range(1, 201):
        state = chance.one(["D", "D", "D", "D", "D", "T", "W", "L"])
        created = chance.below(300 * 24 * 60)
        start = chance.between(1, 8)
        shipments.append((number, None if state == "W" else chance.between(1, 140), start, (start + chance.between(0, 6)) % 8 + 1,
                          Decimal(chance.between(5, 9000), 1), state, moment("2025-06-01", created),
                          moment("2025-06-01", created + chance.between(300, 9000)) if state == "D" else None))
    yield "shipments", "id, trip_id, from_depot_id, to_depot_id, weight_kg, state, created_at, delivered_at", shipments
    devices = [(number, number, chance.one(["Thermo-2", "Thermo-3", "Track-1"]), chance.one(["1.8.0", "1.9.2", "2.0.1"]))
               for number in range(1, 21)]
    # Without names of columns, since one of them has to be quoted, and not everywhere alike.
    yield "devices", "", devices
    yield "readings", "device_id, recorded_at, temperature, battery", [
        (device, moment("2026-01-01", step * 6 * 60 + chance.below(60)), None if chance.odds(0.06) else Decimal(chance.between(-60, 140), 1),
         max(3, 100 - step * 3 - chance.below(20))) for device in range(1, 19) for step in range(20)]


SCHEMAS = {"bookshop": bookshop, "clinic": clinic, "fleet": fleet}


def text(schema):
    """The statements that fill a schema."""
    parts = ["-- Written by evaluation/seed.py."]
    for table, columns, rows in SCHEMAS[schema]():
        values = ",\n".join("(" + ", ".join(map(literal, row)) + ")" for row in rows)
        parts.append(f"INSERT INTO {table}{columns and f' ({columns})'} VALUES\n{values};")
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    for name in SCHEMAS:
        (HERE / name / "data.sql").write_text(text(name), encoding="utf-8")
        print(f"{name}: {sum(len(rows) for _, _, rows in SCHEMAS[name]())} rows", file=sys.stderr)
