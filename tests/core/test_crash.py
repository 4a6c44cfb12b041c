"""A whole charge, killed in every handle: before its commit, or between the commit and what follows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import get_args

import pytest
from evse_drivers.api import Permit
from evsed.core.effects import Effect
from evsed.model.inputs import Input
from evsed.model.journal import Entry
from evsed.model.reports import TransactionReport
from evsed.model.transactions import StopReason
from house import House

ENTRIES = get_args(Entry)
WH = 700.0  # of the whole charge
STEPS = ("arrive", "begin", "draw", "end", "leave")


class Killed(Exception):
    """The process is gone."""


class Mortal(House):
    """A house whose station process is killed in its handle number `last`."""

    last: int = 0
    committed = False  # whether that handle's journal reached the disk
    handles = 0

    def give(self, event: Input) -> None:
        pending = [event]
        while pending:
            effects = self.station.handle(pending.pop(0), self.now())
            self.handles += 1
            dies = self.handles == self.last
            journal = [effect for effect in effects if isinstance(effect, ENTRIES)]
            for effect in [effect for effect in effects if self._lowers(effect)]:
                pending.extend(self._world(effect))  # never waits for the disk
            if not dies or self.committed:
                for entry in journal:
                    self._world(entry)
            if dies:
                raise Killed
            for effect in effects:
                if not isinstance(effect, ENTRIES):
                    pending.extend(self._world(effect))

    def _lowers(self, effect: Effect) -> bool:
        before = self.permits.get(effect.evse) if isinstance(effect, Permit) else None
        return isinstance(effect, Permit) and (before is None or effect.amps < before.amps)


@dataclass
class Charge:
    """One charge by somebody who repeats what has had no effect; the station starts again whenever it is gone."""

    presets: dict[str, str]
    house: Mortal
    told: list[TransactionReport] = field(default_factory=list)

    def play(self) -> list[TransactionReport]:
        for step in STEPS:
            for _ in range(3):
                try:
                    getattr(self, f"_{step}")()
                    break
                except Killed:
                    self._restart()
        self.told += self.house.transactions()
        return self.told

    def _restart(self) -> None:
        old = self.house
        self.told += old.transactions()
        self.house = type(old)(
            presets=self.presets, kept=old.saved, mono=old.mono + 3.0, boot=old.boot, before=old, signer=old.signer
        )
        self.house.meter()
        self.house.pilot()
        self.house.online()
        self.house.wait(1)

    def _arrive(self) -> None:
        if not self.house.pilots[1].plugged:
            self.house.plug()
        self.house.wait(1)

    def _begin(self) -> None:
        if self.house.amps() == 0:
            self.house.card()
        if not self.house.pilots[1].asking:
            self.house.ask()
        self.house.wait(1)

    def _draw(self) -> None:
        while self.house.register[1] < WH:
            self.house.meter(add_wh=100)
            self.house.wait(1)

    def _end(self) -> None:
        if self.house.station.view(self.house.now())["sessions"]["1"]["phase"] == "active":
            self.house.card()
        self.house.wait(3)

    def _leave(self) -> None:
        if self.house.pilots[1].plugged:
            self.house.unplug()
        self.house.wait(3)


def charge(presets: dict[str, str], last: int = 0, committed: bool = False) -> tuple[list[TransactionReport], House]:
    house = Mortal(presets=presets)
    house.online()
    house.handles, house.last, house.committed = 0, last, committed
    whole = Charge(presets, house)
    return whole.play(), whole.house


RULES = {
    "from the power path on": {"SampledDataCtrlr.TxUpdatedInterval": "2", "SampledDataCtrlr.TxEndedInterval": "2"},
    "from plug to unplug": {"TxCtrlr.TxStartPoint": "EVConnected", "TxCtrlr.TxStopPoint": "EVConnected"},
    "while energy flows": {"TxCtrlr.TxStartPoint": "EnergyTransfer"},
}


def undisturbed(presets: dict[str, str]) -> int:
    """How many handles that charge takes."""
    house = Mortal(presets=presets)
    house.online()
    house.handles = 0
    Charge(presets, house).play()
    return house.handles


def one_whole_transaction(told: list[TransactionReport]) -> None:
    assert len({report.transaction for report in told}) == 1
    assert [report.seq for report in told] == list(range(len(told)))
    assert [report.kind.value for report in told].count("Started") == 1
    assert told[0].kind.value == "Started"
    assert [report.kind.value for report in told].count("Ended") == 1
    assert told[-1].kind.value == "Ended"
    registers = [report.meter_wh for report in told if report.meter_wh is not None]
    assert registers == sorted(registers)
    assert (told[0].meter_wh, told[-1].meter_wh) == (0.0, WH)


@pytest.mark.parametrize("committed", [False, True], ids=["before its commit", "after its commit"])
@pytest.mark.parametrize("rule", RULES)
def test_a_station_killed_in_any_handle_tells_the_same_transaction(rule: str, committed: bool) -> None:
    presets = RULES[rule]
    for last in range(1, undisturbed(presets) + 1):
        told, house = charge(presets, last, committed)
        try:
            one_whole_transaction(told)
            assert told[-1].stop_reason in (StopReason.LOCAL, StopReason.EV_DISCONNECTED)
            assert house.amps() == 0.0
            assert not house.saved.get("transaction")
            assert not [kind for kind in house.saved if kind.startswith("history")]
        except AssertionError as error:
            raise AssertionError(f"killed in handle {last}: {[r.kind + ' ' + r.trigger for r in told]}") from error


def test_what_was_kept_for_the_end_survives_a_kill() -> None:
    presets = RULES["from the power path on"]
    whole, _ = charge(presets)
    told, _ = charge(presets, undisturbed(presets) // 2, True)
    assert whole[-1].history[0] == told[-1].history[0]
    assert len(told[-1].history) >= len(whole[-1].history) - 2
    contexts = [sample.context.value for sample in told[-1].history]
    assert (contexts[0], contexts[-1]) == ("Transaction.Begin", "Transaction.End")
