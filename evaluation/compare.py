"""Whether the rows of an answer are those that were expected."""

import re
from decimal import Decimal

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?(Z|\+00(:?00)?)?")


def value(cell):
    """A cell in one form for all engines: a `Decimal`, a string or null. What looks like a number is one."""
    if cell is None:
        return None
    if isinstance(cell, bool):
        return Decimal(int(cell))
    if isinstance(cell, (int, float)):
        text = repr(cell)
        return Decimal(text) if NUMBER.fullmatch(text) else text
    if isinstance(cell, dict):
        # SQLite's integers beyond what JSON has safely.
        return value(cell["$integer"]) if set(cell) == {"$integer"} else str(sorted(cell.items()))
    if not isinstance(cell, str):
        return str(cell)
    text = cell.strip()
    if NUMBER.fullmatch(text):
        return Decimal(text)
    if moment := MOMENT.fullmatch(text):
        return moment[1] if moment[2] == "00:00:00" else f"{moment[1]} {moment[2]}"
    return text


def same(one, other, tolerance):
    if isinstance(one, Decimal) and isinstance(other, Decimal):
        # Doubles of SQLite beside decimals of the others; whole numbers are exact everywhere.
        whole = one == one.to_integral_value() and other == other.to_integral_value()
        return abs(one - other) <= max(Decimal(str(tolerance)), 0 if whole else max(abs(one), abs(other)) * Decimal("1e-9"))
    return one == other


def matches(expected, found, ordered=False, tolerance=0):
    """Whether `found` has the rows `expected`, in their order if `ordered`. Its columns may be in another order, and it may have
    more of them: who asks for names and gets names with ids has the answer. It may not have more rows."""
    if len(expected) != len(found):
        return False
    if not expected:
        return True
    expected = [[value(cell) for cell in row] for row in expected]
    found = [[value(cell) for cell in row] for row in found]
    width = len(expected[0])
    if len(found[0]) < width:
        return False
    candidates = [[column for column in range(len(found[0]))
                   if paired([[row[wanted]] for row in expected], [[row[column]] for row in found], ordered, tolerance)]
                  for wanted in range(width)]
    return any(paired(expected, [[row[column] for column in chosen] for row in found], ordered, tolerance)
               for chosen in choices(candidates))


def choices(candidates, taken=()):
    """Every way to take one of each list of candidates, none twice."""
    if not candidates:
        yield taken
        return
    for candidate in candidates[0]:
        if candidate not in taken:
            yield from choices(candidates[1:], (*taken, candidate))


def paired(expected, found, ordered, tolerance):
    """Whether every row has a partner of its own."""
    def alike(one, other):
        return all(same(left, right, tolerance) for left, right in zip(one, other))

    if ordered:
        return all(map(alike, expected, found))
    left = list(found)
    for row in expected:
        partner = next((index for index, other in enumerate(left) if alike(row, other)), None)
        if partner is None:
            return False
        del left[partner]
    return True


def says(text, expected):
    """Whether a text has the one value that was expected; null where more than one was."""
    if len(expected) != 1 or len(expected[0]) != 1 or expected[0][0] is None:
        return None
    wanted = value(expected[0][0])
    if isinstance(wanted, str):
        return wanted.casefold() in text.casefold()
    numbers = [Decimal(number.replace(",", "")) for number in re.findall(r"-?\d[\d,]*(?:\.\d+)?", text)]
    # Rounding for people is fine.
    return any(abs(number - wanted) <= max(Decimal("0.005"), abs(wanted) * Decimal("0.0005")) for number in numbers)
