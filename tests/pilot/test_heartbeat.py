"""The heartbeat output: how often it moves, and what makes it stop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from evse_drivers.api import DriverError
from evsed.pilot.heartbeat import Heartbeat
from evsed.pilot.loop import Loop
from evsed.pilot.realtime import Notify
from pilot_rig import Process


class Pin:
    """A pin that remembers its levels and fails while `error` is a text."""

    def __init__(self) -> None:
        self.levels: list[bool] = []
        self.error: str | None = None
        self.closed = False

    def set(self, on: bool) -> None:
        if self.error:
            raise DriverError(self.error)
        self.levels.append(on)

    def get(self) -> bool | None:
        return None

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(("every", "levels"), [(1, [True, False] * 3), (3, [True, False])])
def test_the_output_changes_so_often(every: int, levels: list[bool]) -> None:
    pin = Pin()
    heartbeat = Heartbeat(pin, every)
    assert [heartbeat.beat() for _ in range(6)] == [None] * 6
    assert pin.levels == levels


def test_at_the_end_the_pin_is_low_and_given_back_whatever_it_says() -> None:
    for error in (None, "evsed's heartbeat: /dev/gpiochip0 is gone"):
        pin = Pin()
        pin.error = error
        Heartbeat(pin, 1).close()
        assert pin.levels == ([] if error else [False])


class Beating:
    """A loop with a heartbeat, stepped by hand."""

    def __init__(self, folder: Path) -> None:
        self.now = 100.0
        self.process = process = Process(folder, 2, clock=lambda: self.now)
        self.pin = Pin()
        self.loop = Loop(
            process.outlets, process.guard, process.server, process.latches, process.recorder, Notify({}),
            heartbeat=Heartbeat(self.pin, 1), clock=lambda: self.now,
        )  # fmt: skip

    def tick(self, gap: float = 0.01) -> list[str | None]:
        """The fault of each EVSE after it."""
        self.now += gap
        self.loop.tick()
        return [outlet.rules.fault for outlet in self.process.outlets]


@pytest.fixture
def beating(tmp_path: Path) -> Iterator[Beating]:
    beating = Beating(tmp_path)
    yield beating
    beating.process.server.close()


def test_each_tick_that_is_on_time_is_a_beat_and_a_late_one_is_none(beating: Beating) -> None:
    beating.tick()
    beating.tick()
    assert beating.pin.levels == [True, False]
    beating.tick(0.051)
    assert beating.pin.levels == [True, False]
    beating.tick()
    assert beating.pin.levels == [True, False, True]


def test_a_driver_with_trouble_is_a_fault_of_every_evse_until_it_obeys(beating: Beating) -> None:
    beating.pin.error = "heartbeat: /dev/gpiochip0 is busy"
    assert beating.tick() == ["heartbeat", "heartbeat"]
    assert beating.process.outlets[0].why(beating.now) == "heartbeat: heartbeat: /dev/gpiochip0 is busy"
    beating.pin.error = None
    beating.tick()
    assert beating.tick() == [None, None]


def test_a_contactor_that_does_not_open_stops_the_heartbeat_for_all(beating: Beating) -> None:
    beating.tick()
    first, second = beating.process.outlets
    second.wiring.commanded = True  # as after a close that came from the rules
    beating.process.hardware[1].coil_error = "evse.2.contactor: /dev/gpiochip0 is busy"
    beats = len(beating.pin.levels)
    assert beating.tick() == ["heartbeat", "contactor"] or first.rules.fault == "heartbeat"
    beating.tick()
    assert len(beating.pin.levels) == beats
    words = "stopped, because the contactor of EVSE 2 was told to open and was not opened"
    assert first.why(beating.now) == f"heartbeat: {words}"
    beating.process.hardware[1].coil_error = None
    beating.tick()
    beating.tick()
    assert len(beating.pin.levels) > beats
