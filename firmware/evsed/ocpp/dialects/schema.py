"""The published JSON schemas of OCPP, as bodies are held against them.

Walking a schema costs no compiling (fastjsonschema: 39 ms and 3 MiB for TransactionEvent alone), names the rule that
was broken, which OCPP's error codes need, and can also cut a text that is too long. The keywords here are all that
the schemas of 1.6 and 2.0.1 use; `format` is left to those who read the value. The schemas come with the `ocpp`
package, of which nothing else is imported.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

Schema = dict[str, Any]

_KEYWORDS = {
    *("type", "properties", "required", "additionalProperties", "enum", "maxLength", "items", "minItems", "maxItems"),
    *("minimum", "maximum", "multipleOf", "format", "default", "additionalItems", "definitions", "$ref"),
}
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


# OCPP has 32 bits for whole numbers, central systems are known to have more in their transactionId; beyond 2**53 JSON
# has no whole numbers (RFC 8259, 6), and what is computed with them may overflow.
LARGEST = 2**53


@dataclass(frozen=True, slots=True)
class Problem:
    """The first thing that does not fit: the field's path, the rule (a schema keyword), and what is wrong."""

    path: str
    rule: str
    what: str


@cache
def _names(version: str) -> frozenset[str]:
    return frozenset(file.name.removesuffix(".json") for file in files("ocpp").joinpath(version, "schemas").iterdir())


def schema(version: str, name: str) -> Schema | None:
    """The schema of one message ("v16", "StopTransaction"); None where that version has no such message."""
    # Looked up before it is a file's name, or kept: it may be anything that a central system says.
    return _read(version, name) if name in _names(version) else None


@cache
def _read(version: str, name: str) -> Schema:
    file = files("ocpp").joinpath(version, "schemas", f"{name}.json")
    document: Schema = json.loads(file.read_text("utf-8-sig"))
    return _resolve(document, document.get("definitions", {}), {})


def _resolve(node: Schema, definitions: Schema, done: dict[str, Schema]) -> Schema:
    if "$ref" in node:
        name = node["$ref"].rsplit("/", 1)[-1]
        if name not in done:
            done[name] = _resolve(definitions[name], definitions, done)
        return done[name]
    resolved = {key: value for key, value in node.items() if key in _KEYWORDS and key != "definitions"}
    if "properties" in node:
        resolved["properties"] = {key: _resolve(value, definitions, done) for key, value in node["properties"].items()}
    if "items" in node:
        resolved["items"] = _resolve(node["items"], definitions, done)
    return resolved


def problem(schema: Schema, value: Any, tolerated: frozenset[str] = frozenset()) -> Problem | None:
    """The first thing about `value` that does not fit, but for `tolerated` rules; None: all fits."""
    return next((found for found in _problems(schema, value, "") if found.rule not in tolerated), None)


def _problems(schema: Schema, value: Any, path: str) -> Iterator[Problem]:
    kind = schema.get("type")
    if kind is not None and not _is(kind, value):
        yield Problem(path, "type", f"expected {kind}, found {_shown(value)}")
        return
    if "enum" in schema and value not in schema["enum"]:
        yield Problem(path, "enum", f"{_shown(value)} is none of {', '.join(map(str, schema['enum']))}")
    if isinstance(value, dict):
        yield from _object_problems(schema, value, path)
    elif isinstance(value, list):
        yield from _array_problems(schema, value, path)
    elif isinstance(value, str):
        if "maxLength" in schema and len(value) > schema["maxLength"]:
            yield Problem(path, "maxLength", f"{len(value)} characters; at most {schema['maxLength']} are allowed")
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from _number_problems(schema, value, path)


def _is(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"  # to Python it is an int
    return isinstance(value, _TYPES[kind])


def _object_problems(schema: Schema, value: dict[str, Any], path: str) -> Iterator[Problem]:
    properties = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield Problem(_join(path, name), "required", "is missing")
    for name, item in value.items():
        if name in properties:
            yield from _problems(properties[name], item, _join(path, name))
        elif schema.get("additionalProperties") is False:
            yield Problem(_join(path, name), "additionalProperties", "is no field of this message")


def _array_problems(schema: Schema, value: list[Any], path: str) -> Iterator[Problem]:
    least, most = schema.get("minItems", 0), schema.get("maxItems", len(value))
    if not least <= len(value) <= most:
        bound = f"at least {least}" if len(value) < least else f"at most {most}"
        yield Problem(path, "minItems", f"{len(value)} items; {bound} are allowed")
    items = schema.get("items")
    if items is not None:
        for index, item in enumerate(value):
            yield from _problems(items, item, f"{path}[{index}]")


def _number_problems(schema: Schema, value: float, path: str) -> Iterator[Problem]:
    low, high = schema.get("minimum"), schema.get("maximum")
    if value != value or value in (float("inf"), float("-inf")):
        yield Problem(path, "type", f"{value} is no number in JSON")
    elif abs(value) > LARGEST:
        yield Problem(path, "minimum", f"{_shown(value)} is out of bounds")
    elif (low is not None and value < low) or (high is not None and value > high):
        yield Problem(path, "minimum", f"{value} is out of bounds")
    elif "multipleOf" in schema:
        quotient = value / schema["multipleOf"]  # 21.4 / 0.1 is not quite 214 in floating point
        if abs(quotient - round(quotient)) > 1e-6:
            yield Problem(path, "multipleOf", f"{value} is no multiple of {schema['multipleOf']}")


def cut(schema: Schema, value: Any, path: str = "") -> Iterator[str]:
    """Shortens in place every text below `value` that is too long, and tells of each."""
    if isinstance(value, dict):
        for name, item in value.items():
            below = schema.get("properties", {}).get(name)
            if below is None:
                continue
            most = below.get("maxLength")
            if isinstance(item, str) and most is not None and len(item) > most:
                value[name] = item[:most]
                yield f"{_join(path, name)} was cut from {len(item)} to {most} characters"
            else:
                yield from cut(below, item, _join(path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from cut(schema.get("items", {}), item, f"{path}[{index}]")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
