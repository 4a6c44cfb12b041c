"""A pilot that cannot be built because of one EVSE leaves no contactor of another as a dead process left it."""

from __future__ import annotations

from pathlib import Path

import pytest
from evse_drivers.buses.desk import SWITCHES, DeskWires
from pilot_on_wires import PilotOnWires

from tests.desk.on_wires import CONTACTOR, FOLDERS, LINE

pytestmark = pytest.mark.processes

# Two outlets; the wires of the first one's pilot lead nowhere.
SETTINGS = (
    FOLDERS
    + LINE.replace('[evse.1.pilot]\ndriver = "desk"\nbus = "wires"', '[evse.1.pilot]\ndriver = "desk"\nbus = "gone"')
    + CONTACTOR
    + """
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
)


def test_a_contactor_that_was_left_closed_opens_though_another_evse_cannot_be_built(tmp_path: Path) -> None:
    desk = PilotOnWires(tmp_path, SETTINGS, evses=2)
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
