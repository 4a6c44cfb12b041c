"""The desk's drivers against a real world process over its real socket."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from evse_drivers.api import DriverError, Input, PilotLine, ResidualCurrent, Switch
from evse_drivers.buses.desk import DeskWires
from evse_drivers.inputs.desk import DeskInput
from evse_drivers.pilots.desk import DeskPilotLine
from evse_drivers.rcds.desk import DeskRcd
from evse_drivers.switches.desk import DeskSwitch

from tests.desk.world_process import WorldProcess, running

pytestmark = pytest.mark.processes

DUTY_16 = 16.0 / 60.0


class Controller:
    """What a pilot process holds of one EVSE."""

    def __init__(self, world: WorldProcess, evse: int = 1) -> None:
        self.bus = DeskWires(DeskWires.Settings(str(world.folder / "wires.sock")), "bus.wires")
        self.line = DeskPilotLine(DeskPilotLine.Settings("wires"), f"evse.{evse}.pilot", self.bus)
        self.contactor = self.switch("contactor", evse)
        self.lock = self.switch("lock", evse)
        self.relay = self.switch("phase_relay", evse)
        self.heartbeat = DeskSwitch(DeskSwitch.Settings("wires"), "heartbeat", self.bus)
        self.rcd = DeskRcd(DeskRcd.Settings("wires"), f"evse.{evse}.rcd", self.bus)
        self.stop = DeskInput(DeskInput.Settings("wires"), f"evse.{evse}.emergency_stop", self.bus)
        self.hot = DeskInput(DeskInput.Settings("wires"), f"evse.{evse}.thermal_switch", self.bus)

    def switch(self, part: str, evse: int = 1, mirror: str = "NO") -> DeskSwitch:
        return DeskSwitch(DeskSwitch.Settings("wires", mirror=mirror), f"evse.{evse}.{part}", self.bus)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[WorldProcess]:
    with running(tmp_path, "--evses", "2") as world:
        yield world


def test_they_fulfil_their_protocols(world: WorldProcess) -> None:
    controller = Controller(world)
    assert isinstance(controller.line, PilotLine)
    assert isinstance(controller.contactor, Switch)
    assert isinstance(controller.rcd, ResidualCurrent)
    assert isinstance(controller.stop, Input)


def test_a_whole_visit_can_be_seen_and_driven(world: WorldProcess) -> None:
    controller = Controller(world)
    assert controller.line.sense().high == 12.0
    world.do("plug")
    controller.line.sense()
    sense = controller.line.sense()
    assert (sense.high, sense.low) == pytest.approx((8.95, 8.95), abs=0.01)
    assert time.monotonic() - sense.at < 1.0
    controller.line.drive(DUTY_16)
    world.wait(lambda evse: evse["s2"])
    controller.line.sense()
    assert controller.line.sense().low == -12.0
    controller.contactor.set(True)
    world.wait(lambda evse: evse["closed"])
    time.sleep(0.01)
    assert controller.contactor.get() is True
    assert world.wait(lambda evse: evse["amps"][0] >= 16.0)["offered"] == pytest.approx(16.0)
    controller.line.drive(None)
    world.wait(lambda evse: not evse["s2"])
    controller.contactor.set(False)
    world.wait(lambda evse: not evse["closed"])
    assert world.event("contact-opened") - world.event("coil-off") == pytest.approx(0.02, abs=1e-6)
    controller.line.drive(0.0)
    controller.line.sense()
    assert controller.line.sense().high == -12.0


def test_each_evse_has_its_own_wires(world: WorldProcess) -> None:
    first, second = Controller(world, 1), Controller(world, 2)
    world.do("plug", evse=2)
    second.line.sense()
    assert first.line.sense().high == 12.0
    assert second.line.sense().high == pytest.approx(8.95, abs=0.01)
    second.lock.set(True)
    world.wait(lambda evse: evse["locked"], evse=2)
    time.sleep(0.01)
    assert (first.lock.get(), second.lock.get()) == (False, True)


def test_the_mirror_is_free_right_after_a_look_and_true_later(world: WorldProcess) -> None:
    controller = Controller(world)
    controller.line.sense()
    controller.contactor.set(True)
    assert controller.contactor.get() is False  # the look's word, and the contacts need 20 ms
    world.wait(lambda evse: evse["closed"])
    time.sleep(0.01)
    assert controller.contactor.get() is True


@pytest.mark.parametrize("mirror", ["NO", "NC", "none"])
def test_the_position_is_told_by_the_contact_that_is_named(world: WorldProcess, mirror: str) -> None:
    contactor = Controller(world).switch("contactor", mirror=mirror)
    told = mirror != "none"
    assert contactor.get() is (False if told else None)
    contactor.set(True)
    world.wait(lambda evse: evse["closed"])
    time.sleep(0.01)
    assert contactor.get() is (True if told else None)


def test_inputs_relay_and_rcd_are_seen_with_the_look(world: WorldProcess) -> None:
    controller = Controller(world)
    for fault, active in (
        ("emergency-stop", controller.stop.active),
        ("thermal", controller.hot.active),
        ("rcd-trip", controller.rcd.tripped),
    ):
        for on in (True, False):
            world.do("fault", name=fault, on=on)
            world.wait(lambda evse: not evse["tripped"] or "rcd-trip" in evse["faults"])
            controller.line.sense()
            assert active() is on, fault
    controller.relay.set(False)
    world.wait(lambda evse: evse["phases"] == 1)
    controller.line.sense()
    assert controller.relay.get() is False


def test_one_pair_of_packets_serves_all_drivers_of_an_evse(world: WorldProcess) -> None:
    controller = Controller(world)
    controller.line.sense()
    asked = controller.bus._number
    reads = (controller.contactor.get, controller.lock.get, controller.relay.get, controller.rcd.tripped)
    controller.line.sense()
    for read in (*reads, controller.stop.active, controller.hot.active):
        read()
    assert controller.bus._number == asked + 1


def test_the_test_input_trips_the_device_and_the_trip_opens_what_the_coil_holds(world: WorldProcess) -> None:
    controller = Controller(world)
    controller.contactor.set(True)
    world.wait(lambda evse: evse["closed"])
    controller.rcd.test(True)
    time.sleep(0.1)
    controller.rcd.test(False)
    world.wait(lambda evse: evse["tripped"] and not evse["closed"])
    assert world.evse()["coil"]
    assert world.event("contact-opened") - world.event("rcd-tripped") == pytest.approx(0.02, abs=1e-6)
    world.wait(lambda evse: evse["closed"])  # it is back, and the coil was never told to let go


def test_without_a_heartbeat_for_100_ms_the_gate_opens_until_it_beats_again(world: WorldProcess) -> None:
    controller = Controller(world)
    controller.contactor.set(True)
    assert controller.heartbeat.get() is None
    for beat in range(20):
        controller.heartbeat.set(beat % 2 == 0)
        time.sleep(0.02)
    assert world.evse()["closed"]
    before = time.monotonic()
    world.wait(lambda evse: not evse["enabled"] and not evse["closed"])
    assert world.event("gate-off") - before < 0.1
    controller.heartbeat.set(True)
    controller.heartbeat.set(False)
    world.wait(lambda evse: evse["closed"])


def test_a_broken_wire_is_an_error_of_its_own_part_only(world: WorldProcess) -> None:
    controller = Controller(world)
    path = world.folder / "wires.sock"
    wires: dict[str, tuple[Callable[[], object], ...]] = {
        "wire-contactor": (controller.contactor.get, lambda: controller.contactor.set(False)),
        "wire-lock": (controller.lock.get, lambda: controller.lock.set(False)),
        "wire-phase-relay": (controller.relay.get, lambda: controller.relay.set(False)),
        "wire-rcd": (controller.rcd.tripped, lambda: controller.rcd.test(False)),
        "wire-emergency-stop": (controller.stop.active,),
        "wire-thermal-switch": (controller.hot.active,),
        "wire-heartbeat": (lambda: controller.heartbeat.set(True),),
    }
    for fault, acts in wires.items():
        world.do("fault", name=fault, on=True)
        controller.line.sense()
        part = fault.removeprefix("wire-").replace("-", "_")
        of = "the board" if part == "heartbeat" else "EVSE 1"
        for act in acts:
            with pytest.raises(DriverError) as told:
                act()
            assert str(told.value) == f"bus.wires: the desk has broken the wire {part} of {of}. Mend it there."
        for other in wires.keys() - {fault}:
            for act in wires[other]:
                act()
        world.do("fault", name=fault, on=False)
        controller.line.sense()
    world.do("fault", name="wire-pilot", on=True)
    with pytest.raises(DriverError) as told:
        controller.line.sense()
    assert str(told.value) == f"bus.wires: {path}: the pilot line of EVSE 1 is broken."


def test_an_error_wire_of_the_other_polarity_always_says_tripped(world: WorldProcess) -> None:
    controller = Controller(world)
    assert DeskRcd(DeskRcd.Settings("wires", tripped_when="low"), "evse.1.rcd", controller.bus).tripped()


def test_asking_for_the_mirror_leaves_the_extremes_to_the_next_look(world: WorldProcess) -> None:
    controller = Controller(world)
    controller.line.sense()
    world.do("plug")
    time.sleep(0.02)
    controller.contactor.get()
    assert controller.line.sense().high == 12.0


def test_a_set_from_another_thread_arrives_at_once_while_a_look_blocks(world: WorldProcess) -> None:
    controller = Controller(world)
    controller.contactor.set(True)
    world.wait(lambda evse: evse["closed"])
    world.do("fault", name="sense-blocks", on=True)
    took: list[float] = []

    def look() -> None:
        before = time.monotonic()
        controller.line.sense()
        took.append(time.monotonic() - before)

    looking = threading.Thread(target=look)
    looking.start()
    time.sleep(0.2)
    before = time.monotonic()
    controller.contactor.set(False)
    assert time.monotonic() - before < 0.5
    world.wait(lambda evse: not evse["closed"])
    assert world.event("coil-off") - before < 0.5
    assert looking.is_alive()
    looking.join()
    assert took[0] > 0.9


@pytest.mark.parametrize("mode", ["hold", "release"])
def test_outputs_do_what_the_pins_say_when_their_process_ends(world: WorldProcess, mode: str) -> None:
    world.do("pins", mode=mode)
    controller = Controller(world)
    world.do("plug")
    controller.line.drive(DUTY_16)
    controller.contactor.set(True)
    controller.lock.set(True)
    world.wait(lambda evse: evse["closed"] and evse["locked"])
    controller.bus.close()
    held = mode == "hold"
    evse = world.wait(lambda evse: held or not evse["closed"])
    assert (evse["coil"], evse["closed"], evse["duty"] is not None) == (held, held, held)
    assert evse["locked"]


def test_without_supply_nothing_is_heard(world: WorldProcess) -> None:
    controller = Controller(world)
    controller.contactor.set(True)
    world.wait(lambda evse: evse["closed"])
    world.do("power", on=False)
    world.wait(lambda evse: not evse["closed"])
    controller.contactor.set(True)
    controller.line.sense()
    assert controller.line.sense().high == 0.0
    world.do("power", on=True)
    assert not world.evse()["coil"]


def test_a_loose_cable_is_told_by_its_resistor(tmp_path: Path) -> None:
    with running(tmp_path, "--socket") as world:
        controller = Controller(world)
        assert controller.line.sense().proximity == math.inf
        world.do("plug", cable=20)
        assert controller.line.sense().proximity == 680.0


def test_no_desk_is_an_error_that_names_the_socket(tmp_path: Path) -> None:
    path = tmp_path / "wires.sock"
    with pytest.raises(DriverError) as told:
        DeskWires(DeskWires.Settings(str(path)), "bus.wires")
    assert str(told.value) == (
        f"bus.wires: no desk answers at {path} (No such file or directory). Start one with `evsed desk`, "
        "or correct `socket`."
    )


def test_a_desk_that_goes_is_an_error_that_names_the_socket(world: WorldProcess) -> None:
    controller = Controller(world)
    world.end()
    path = world.folder / "wires.sock"
    for act in (controller.line.sense, lambda: controller.contactor.set(False), lambda: controller.line.drive(None)):
        with pytest.raises(DriverError) as told:
            act()
        assert str(told.value) == (
            f"bus.wires: the desk at {path} has gone (Broken pipe). Start it again, then restart the pilot."
        )


def test_an_evse_that_the_desk_does_not_have_is_told_at_once(world: WorldProcess) -> None:
    with pytest.raises(DriverError) as told:
        Controller(world, 3)
    path = world.folder / "wires.sock"
    assert str(told.value) == f"bus.wires: {path}: there is no EVSE 3 on this desk; it has 1, 2."


def test_a_desk_that_answers_too_late_is_an_error(world: WorldProcess) -> None:
    controller = Controller(world)
    world.process.send_signal(19)  # SIGSTOP
    try:
        with pytest.raises(DriverError) as told:
            controller.line.sense()
    finally:
        world.process.send_signal(18)
    path = world.folder / "wires.sock"
    assert str(told.value) == (f"bus.wires: the desk at {path} gave no answer in 1.5 s. Look at its terminal.")
    time.sleep(0.1)
    before = time.monotonic()
    assert controller.line.sense().at >= before  # the late answer is not taken for this one


@pytest.mark.parametrize(
    ("where", "part", "text"),
    [
        ("evse.1.relay", "", 'evse.1.relay: `part` is "relay"; the desk has contactor, lock, phase_relay, heartbeat.'),
        (
            "contactor",
            "contactor",
            'contactor: which EVSE of the desk? Set `evse`, or name the section "evse.1..." after it.',
        ),
    ],
)
def test_a_switch_says_what_its_settings_lack(world: WorldProcess, where: str, part: str, text: str) -> None:
    controller = Controller(world)
    with pytest.raises(DriverError) as told:
        DeskSwitch(DeskSwitch.Settings("wires", part), where, controller.bus)
    assert str(told.value) == text


def test_an_input_and_a_mirror_say_what_their_settings_lack(world: WorldProcess) -> None:
    controller = Controller(world)
    with pytest.raises(DriverError) as told:
        DeskInput(DeskInput.Settings("wires"), "evse.1.button", controller.bus)
    assert str(told.value) == 'evse.1.button: `part` is "button"; the desk has emergency_stop, thermal_switch.'
    with pytest.raises(DriverError) as told:
        controller.switch("lock", mirror="NC")
    assert str(told.value) == (
        'evse.1.lock: `mirror` is "NC", and a lock of the desk has no such contact. Allowed: "NO", "none".'
    )


def test_drivers_need_their_bus() -> None:
    with pytest.raises(DriverError) as told:
        DeskPilotLine(DeskPilotLine.Settings("wires"), "evse.1.pilot")
    assert str(told.value) == 'evse.1.pilot: needs an open bus "wires" of the driver "desk".'
    with pytest.raises(DriverError) as told:
        DeskSwitch(DeskSwitch.Settings("wires"), "evse.1.lock")
    assert str(told.value) == 'evse.1.lock: needs an open bus "wires" of the driver "desk".'
    with pytest.raises(DriverError) as told:
        DeskRcd(DeskRcd.Settings("wires"), "evse.1.rcd")
    assert str(told.value) == 'evse.1.rcd: needs an open bus "wires" of the driver "desk".'
    with pytest.raises(DriverError) as told:
        DeskInput(DeskInput.Settings("wires"), "evse.1.thermal_switch")
    assert str(told.value) == 'evse.1.thermal_switch: needs an open bus "wires" of the driver "desk".'
