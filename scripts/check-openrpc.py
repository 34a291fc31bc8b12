#!/usr/bin/env python3
"""Checks spec/openrpc.json: check-openrpc.py ROOT META

It must be valid against the OpenRPC meta schema META, every schema in it must be a JSON Schema of draft 7, every $ref must lead
somewhere, and every example must fit its own method. Exits 1 and says what is wrong otherwise. Needs python3-jsonschema.
"""

import json
import re
import sys
from pathlib import Path

import jsonschema


def references(value):
    """Every $ref inside value."""
    if isinstance(value, dict):
        for name, member in value.items():
            if name == "$ref" and isinstance(member, str):
                yield member
            else:
                yield from references(member)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def resolve(document, reference):
    """Whether a local reference leads somewhere."""
    here = document
    for part in reference.removeprefix("#/").split("/"):
        part = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(here, dict) or part not in here:
            return False
        here = here[part]
    return True


def without_placeholders(value):
    """Whether value has no ${…} in it, which only the test harness can fill."""
    return "${" not in json.dumps(value)


def examples(document):
    """What an example shows, its schema, and where it stands."""
    for method in document["methods"]:
        schemas = {param["name"]: param["schema"] for param in method["params"]}
        for example in method.get("examples", []):
            place = f"{method['name']}: {example['name']}"
            if example.get("x-error") != "invalid_params":
                for param in example["params"]:
                    if param["name"] in schemas:
                        yield param["value"], schemas[param["name"]], f"{place}: {param['name']}"
            if "result" in example:
                yield example["result"]["value"], method["result"]["schema"], f"{place}: result"


def problems(document, meta):
    """Everything that is wrong."""
    for error in jsonschema.Draft7Validator(meta).iter_errors(document):
        yield f"{'/'.join(map(str, error.absolute_path)) or '.'}: {error.message[:200]}"
    for reference in sorted(set(references(document))):
        if not resolve(document, reference):
            yield f"{reference} leads nowhere"
    for name, schema in document["components"]["schemas"].items():
        try:
            jsonschema.Draft7Validator.check_schema(schema)
        except jsonschema.SchemaError as error:
            yield f"components/schemas/{name}: {error.message[:200]}"
    for value, schema, place in examples(document):
        if not without_placeholders(value):
            continue
        whole = {"components": document["components"], "allOf": [schema]}
        for error in jsonschema.Draft7Validator(whole).iter_errors(value):
            yield f"{place}: {'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
    names = [method["name"] for method in document["methods"]]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{name}: there twice"
    for name in names:
        if not re.fullmatch(r"(\$/)?[a-zA-Z.]+", name):
            yield f"{name}: not a method name"


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    path = Path(sys.argv[1]) / "spec" / "openrpc.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    meta = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    found = list(problems(document, meta))
    for problem in found:
        print(f"{path}: error: {problem}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
