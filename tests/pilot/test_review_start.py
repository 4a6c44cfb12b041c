"""A pilot that cannot be built because of one EVSE leaves no contactor of another as a dead process left it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from evse_drivers.buses.desk import SWITCHES, DeskWires
from test_pilot_process import SETTINGS, Desk

pytestmark = pytest.mark.processes

OTHER = """
[bus.gone]
driver = "desk"
socket = "{0}/nobody.sock"
[evse.2.pilot]
driver = "desk"
bus = "wires"
[evse.2.contactor]
driver = "desk"
bus = "wires"
"""


FIRST = '[evse.1.pilot]\ndriver = "desk"\nbus = "gone"'


class TwoDesks(Desk):
    """A desk of two outlets; the wires of the first one's pilot lead nowhere."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file, self.processes = folder, folder / "evsed.toml", []
        first = SETTINGS.replace('[evse.1.pilot]\ndriver = "desk"\nbus = "wires"', FIRST)
        self.file.write_text((first + OTHER).format(folder))
        world = self.spawn([sys.executable, "-m", "evsed.desk.world", "--dir", str(folder), "--evses", "2"])
        assert world.stdout is not None
        assert json.loads(world.stdout.readline())["ready"]


def test_a_contactor_that_was_left_closed_opens_though_another_evse_cannot_be_built(tmp_path: Path) -> None:
    desk = TwoDesks(tmp_path)
    try:
        desk.do("pins", mode="hold")
        wires = DeskWires(DeskWires.Settings(str(tmp_path / "wires.sock")), "test")
        wires.switch(2, SWITCHES.index("contactor"), True)
        wires.sense(2)
        assert desk.do("state")["evses"][1]["coil"]
        pilot = desk.pilot()
        assert pilot.wait(5) == 1
        assert not desk.do("state")["evses"][1]["coil"]
    finally:
        desk.end()
