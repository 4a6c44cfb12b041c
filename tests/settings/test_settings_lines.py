"""The line of every key, however TOML lets it be written."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from evsed.settings.lines import Path, lines
from hypothesis import given
from hypothesis import strategies as st

AWKWARD = '''\
# [not.a.table]
top = 1

[station] # [x]
vendor = "a # = [b]" # c
'quoted' = 'C:\\'
"with.dot" = """
[evse.9]
no = "key" \\"""
"""
a.b."c d" = true
long = \'\'\'
x = 1\'\'\'

list = [ # first
  "one", # ]
  [ 2, 3 ],

  { four = 4, five = [
    5,
  ] },
]
after = 1979-05-27 07:32:00
inline = { driver = "desk", deeper = { x = 1.5e3, y = "}" } } # }
[ evse . "1" ]
last = inf
[[many]]
n = 1
[many.inner]
m = 1
[[many]]
n = 2
"escaped \\u00e9" = 0
[evse.1.meter]
map = ""
[late.child]
[late]
'''

EXPECTED = {
    "top": 2,
    "station": 4,
    "station/vendor": 5,
    "station/quoted": 6,
    "station/with.dot": 7,
    "station/a": 11,
    "station/a/b/c d": 11,
    "station/long": 12,
    "station/list": 15,
    "station/list/0": 16,
    "station/list/1": 17,
    "station/list/2/four": 19,
    "station/list/2/five": 19,
    "station/list/2/five/0": 20,
    "station/after": 23,
    "station/inline/driver": 24,
    "station/inline/deeper/y": 24,
    "evse": 25,
    "evse/1": 25,
    "evse/1/last": 26,
    "many/0/n": 28,
    "many/0/inner/m": 30,
    "many/1": 31,
    "many/1/n": 32,
    "many/1/escaped é": 33,
    "evse/1/meter": 34,
    "evse/1/meter/map": 35,
    "late/child": 36,
    "late": 37,
}


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_every_way_to_write_a_key_has_its_line(ending: str) -> None:
    text = AWKWARD.replace("\n", ending)
    assert "not" not in tomllib.loads(text)
    found = {"/".join(path): line for path, line in lines(text).items()}
    assert {path: found.get(path) for path in EXPECTED} == EXPECTED
    assert not any(path.startswith(("not", "evse/9", "x")) for path in found)


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every key and element of what tomllib made of a text."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield (*path, str(name))
        yield from paths(inner, (*path, str(name)))


words = st.text(st.sampled_from("ab.#\"'[]{}= ,\\\n"), max_size=6)
scalars = st.one_of(
    st.integers(-9, 99).map(str), st.just("true"), st.just("1.5e-3"), words.map(lambda w: f'"{esc(w)}"')
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[" + ",\n ".join(items) + " # end ]\n]"),
        st.dictionaries(words, inner, max_size=2).map(
            lambda rows: "{ " + ", ".join(f'"{esc(key)}" = {value}' for key, value in rows.items()) + " }"
        ),
    ),
    max_leaves=6,
)


def esc(word: str) -> str:
    return word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


@given(st.dictionaries(words, st.dictionaries(words, values, max_size=3), max_size=3))
def test_no_key_is_missed_and_none_invented(tables: dict[str, dict[str, str]]) -> None:
    text = ""
    expected: dict[Path, int] = {}
    for table, rows in tables.items():
        text += f'[ "{esc(table)}" ]\n'
        expected[(table,)] = text.count("\n")
        for key, value in rows.items():
            expected[table, key] = text.count("\n") + 1
            text += f'"{esc(key)}" = {value} # [x]\n\n'
    found = lines(text)
    assert {path: found[path] for path in expected} == expected
    assert set(found) == set(paths(tomllib.loads(text)))
