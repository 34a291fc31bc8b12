"""The questions, with the statements that answer them and the rows that these give."""

import json
from pathlib import Path
from typing import NamedTuple

from loading import SCHEMAS

HERE = Path(__file__).resolve().parent


class Question(NamedTuple):
    """A line of a questions.jsonl."""
    schema: str
    fields: dict

    @property
    def id(self):
        return self.fields["id"]

    @property
    def text(self):
        return self.fields["question"]

    @property
    def is_simple(self):
        """Whether one table, or two, answer it, in one step of thought."""
        return self.fields.get("simple", False)

    @property
    def ordered(self):
        """Whether the question asks for an order."""
        return self.fields.get("ordered", False)

    @property
    def tolerance(self):
        """How far a number may be from the expected one."""
        return self.fields.get("tolerance", 0)

    @property
    def rows(self):
        """The expected rows."""
        return self.fields["rows"]

    def sql(self, engine):
        """The statement that answers it."""
        sql = self.fields["sql"]
        return sql if isinstance(sql, str) else sql.get(engine, sql["default"])


def questions():
    """All of them, by schema."""
    for schema in SCHEMAS:
        lines = (HERE / schema / "questions.jsonl").read_text(encoding="utf-8").splitlines()
        yield from (Question(schema, json.loads(line)) for line in lines)


def write(asked):
    """Writes them back, one a line."""
    for schema in SCHEMAS:
        text = "".join(json.dumps(question.fields, ensure_ascii=False) + "\n" for question in asked if question.schema == schema)
        (HERE / schema / "questions.jsonl").write_text(text, encoding="utf-8")
