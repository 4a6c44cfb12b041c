"""The schema walker against an independent one."""

from __future__ import annotations

import copy
import json
from typing import Any

import jsonschema
import pytest
from dialect_values import context, judge, reports
from evsed.model.reports import Report
from evsed.ocpp.dialects.schema import cut, problem, schema
from evsed.ocpp.dialects.v16 import V16
from evsed.ocpp.dialects.v201 import V201
from hypothesis import given
from hypothesis import strategies as some

ODD = some.sampled_from([None, True, 0, -1, 1.5, "", "x" * 3000, [], {}, [{}], {"x": 1}])


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) below `value`."""
    rows: list[tuple[Any, Any]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        rows += [(value, key), *places(item)]
    return rows


@given(reports, some.data(), ODD, some.sampled_from(("replace", "remove", "add")))
def test_both_walkers_think_the_same_of_a_spoilt_body(report: Report, data: Any, odd: Any, how: str) -> None:
    for version, suffix, dialect in (("v16", "", V16()), ("v201", "Request", V201())):
        for body in dialect.spell(report, context()):
            payload = copy.deepcopy(body.payload)
            container, key = data.draw(some.sampled_from(places(payload)))
            if how == "replace":
                container[key] = odd
            elif how == "remove":
                del container[key]
            elif isinstance(container, dict):
                container["odd"] = odd
            form = schema(version, body.action + suffix)
            assert form is not None
            assert (problem(form, payload) is None) is fits(version, body.action + suffix, payload), payload


def fits(version: str, name: str, payload: Any) -> bool:
    try:
        judge(version, name, payload)
    except jsonschema.ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    ("limit", "path"), [(21.4, None), (0.1, None), (16, None), (21.45, "limit"), (1e9 + 0.1, None)]
)
def test_one_decimal_is_one_decimal_in_floating_point_too(limit: float, path: str | None) -> None:
    form = {"type": "object", "properties": {"limit": {"type": "number", "multipleOf": 0.1}}}
    found = problem(form, {"limit": limit})
    assert (found.path if found else None) == path


def test_numbers_that_json_does_not_know_are_refused() -> None:
    form = {"type": "number"}
    for number in (json.loads("NaN"), json.loads("Infinity")):
        found = problem(form, number)
        assert found is not None
        assert found.what == f"{number} is no number in JSON"


@pytest.mark.parametrize("number", [10**400, 1e308, -(2**53) - 1])
def test_numbers_that_nothing_can_be_computed_with_are_refused(number: float) -> None:
    for form in ({"type": "number", "multipleOf": 0.1}, {"type": "number"}):
        found = problem(form, number)
        assert found is not None
        assert found.what == f"{repr(number)[:57] + '...' if number == 10**400 else number} is out of bounds"
    assert problem({"type": "number"}, 1_795_248_300_123) is None


def test_a_name_longer_than_a_file_s_is_no_message() -> None:
    assert schema("v16", "x" * 300) is None


def test_a_name_that_leaves_the_folder_is_no_message() -> None:
    assert schema("v16", "../../v201/schemas/ResetRequest") is None
    assert schema("v16", "") is None


def test_too_long_texts_are_cut_wherever_they_are() -> None:
    form = schema("v16", "GetConfigurationResponse")
    assert form is not None
    payload = {"configurationKey": [{"key": "a", "readonly": True, "value": "x" * 501}]}
    assert list(cut(form, payload)) == ["configurationKey[0].value was cut from 501 to 500 characters"]
    assert problem(form, payload) is None
