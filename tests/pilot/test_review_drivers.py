"""Drivers of others that answer what their protocol does not say: each opens, none is believed, none ends the loop."""

from __future__ import annotations

from typing import Any

import pytest
from evse_drivers.api import Sense
from test_pilot_outlet import Bench

INPUTS = [("emergency_stop", "emergency stop"), ("thermal_switch", "thermal switch"), ("rcd", "residual current")]


@pytest.mark.parametrize(("name", "fault"), INPUTS)
def test_an_input_that_answers_one_instead_of_true_is_active(name: str, fault: str) -> None:
    bench = Bench().charging()
    bench.pins[name].on = 1
    bench.go(0.01)
    assert (bench.it.rules.fault, bench.pins["contactor"].on) == (fault, False)


def test_contacts_that_answer_numbers_let_a_vehicle_charge() -> None:
    bench = Bench()
    for name in ("contactor", "lock", "phase_relay"):
        pin = bench.pins[name]
        pin.get = lambda pin=pin: int(pin.on)
    for name in ("emergency_stop", "thermal_switch"):
        bench.pins[name].active = lambda: 0
    rcd = bench.pins["rcd"]
    rcd.tripped = lambda: int(rcd.on or rcd.test_on)
    bench.charging()
    seen = bench.seen()
    assert (seen.closed, seen.locked, seen.phases, seen.tested_at is not None) == (True, True, 3, True)


@pytest.mark.parametrize("name", [name for name, _ in INPUTS])
def test_an_input_that_answers_nothing_cannot_be_read(name: str) -> None:
    bench = Bench().charging()
    setattr(bench.pins[name], "tripped" if name == "rcd" else "active", lambda: None)
    bench.go(0.01)
    assert (bench.it.rules.faults, bench.pins["contactor"].on) == (("safety input",), False)
    words = "its driver answered None instead of true or false"
    assert bench.it.why(bench.now) == f"safety input: {words}"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (None, "its driver answered None instead of a look at the line"),
        ((6.0, -12.0), "its driver answered (6.0, -12.0) instead of a look at the line"),
        (Sense(0.0, None, -12.0), "'<' not supported between instances of 'float' and 'NoneType'"),  # type: ignore[arg-type]
        (Sense(0.0, 6.0, -12.0, "220"), "'>=' not supported between instances of 'str' and 'float'"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_a_line_that_answers_no_look_opens(answer: Any, why: str) -> None:
    bench = Bench().charging()

    def sense() -> Any:
        return Sense(bench.now, answer.high, answer.low, answer.proximity) if isinstance(answer, Sense) else answer

    bench.line.sense = sense  # type: ignore[method-assign]
    bench.go(0.01)
    assert (bench.it.rules.faults, bench.pins["contactor"].on) == (("pilot line",), False)
    assert bench.it.why(bench.now) == f"pilot line: {why}"
    assert len(bench.it.sample()) == 9
