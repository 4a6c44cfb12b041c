"""What a light shows of an EVSE, and when it is lit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from evsed.lights import lit, states
from evsed.model.reports import ConnectorReport
from evsed.model.shown import BESIDES, SHOWN, STATES
from evsed.model.time import Instant
from evsed.model.transactions import ChargingState

FREE = ConnectorReport(Instant(0.0, None, 1), 1, operative=True)
STATION = replace(FREE, evse=0)

# What the core says of the connector, what its light shows.
TABLE = (
    ({}, {"available"}),
    ({"plugged": True, "preparing": True}, {"plugged"}),
    ({"preparing": True}, {"plugged"}),
    ({"plugged": True, "transaction": True, "charging_state": ChargingState.CHARGING}, {"charging"}),
    ({"plugged": True, "transaction": True, "charging_state": ChargingState.SUSPENDED_EV}, {"paused"}),
    ({"plugged": True, "transaction": True, "charging_state": ChargingState.SUSPENDED_EVSE}, {"paused"}),
    ({"plugged": True, "transaction": True, "charging_state": ChargingState.EV_CONNECTED}, {"plugged"}),
    ({"plugged": True, "finished": True}, {"finished"}),
    ({"operative": False}, {"unavailable"}),
    ({"operative": False, "plugged": True, "transaction": True, "charging_state": ChargingState.CHARGING},
     {"charging"}),
    ({"fault": "diode", "plugged": True, "transaction": True, "charging_state": ChargingState.CHARGING}, {"fault"}),
    ({"warning": "voltage", "plugged": True}, {"plugged", "warning"}),
)  # fmt: skip


@pytest.mark.parametrize(("connector", "shown"), TABLE)
def test_a_light_shows_what_the_core_says_of_its_evse(connector: dict[str, object], shown: set[str]) -> None:
    assert states(replace(FREE, **connector), STATION, heard=True, online=True) == shown  # type: ignore[arg-type]


def test_every_state_can_be_shown() -> None:
    shown = {state for _, found in TABLE for state in found}
    assert shown | {"offline"} == set(SHOWN)
    assert not set(STATES) & set(BESIDES)


def test_what_is_wrong_with_the_station_is_shown_by_every_light() -> None:
    broken = replace(STATION, fault="disk", warning="clock")
    assert states(FREE, broken, heard=True, online=True) == {"fault", "warning"}
    assert states(FREE, replace(STATION, operative=False), heard=True, online=True) == {"unavailable"}


def test_while_the_pilot_has_not_been_heard_nothing_but_a_fault_is_known() -> None:
    assert states(FREE, STATION, heard=False, online=True) == set()
    assert states(replace(FREE, fault="pilot state lost"), STATION, heard=False, online=True) == {"fault"}


def test_a_central_system_that_is_not_reached_is_shown_besides() -> None:
    assert states(FREE, STATION, heard=True, online=False) == {"available", "offline"}


def test_a_light_is_on_blinks_or_is_off_and_on_comes_first() -> None:
    found = {"charging", "offline"}
    times = [n / 4 for n in range(8)]
    assert all(lit(("charging",), (), 1.0, found, now) for now in times)
    assert all(lit(("charging",), ("offline",), 1.0, found, now) for now in times)
    assert [lit((), ("offline",), 1.0, found, now) for now in times] == [True, True, False, False] * 2
    assert [lit((), ("offline",), 2.0, found, now) for now in times] == [True, False] * 4
    assert not any(lit(("fault",), ("paused",), 1.0, found, now) for now in times)
