"""The desk's meters, read by a plain pymodbus client over their ptys."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from evse_drivers.api import Reading
from evse_drivers.buses.desk import DeskWires
from evse_drivers.meters.modbus_map import load
from pymodbus.client import ModbusSerialClient
from pymodbus.exceptions import ModbusIOException

from tests.desk.world_process import WorldProcess, running

pytestmark = pytest.mark.processes

VOLTS, AMPS, WATTS, TOTAL_WATTS, HERTZ, IMPORT_KWH = 0x00, 0x06, 0x0C, 0x34, 0x46, 0x48


class Master:
    """Reads float32 quantities with function 4; the port is its own until the test ends."""

    def __init__(self, port: Path, unit: int = 1) -> None:
        self.client = ModbusSerialClient(str(port), baudrate=9600, timeout=0.3, retries=0)
        assert self.client.connect()
        self.unit = unit

    def read(self, address: int, count: int = 1) -> list[float]:
        answer = self.client.read_input_registers(address, count=2 * count, device_id=self.unit)
        assert not answer.isError(), answer
        return list(struct.unpack(f">{count}f", struct.pack(f">{2 * count}H", *answer.registers)))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[WorldProcess]:
    with running(tmp_path, "--evses", "2", "--register-wh", "5000") as world:
        yield world


@pytest.fixture
def meters(world: WorldProcess) -> Iterator[list[Master]]:
    masters = [Master(world.folder / name) for name in ("meter-1", "meter-2")]
    end = time.monotonic() + 5
    for master in masters:
        while not _answers(master):  # pymodbus takes a moment to be imported
            assert time.monotonic() < end
    yield masters
    for master in masters:
        master.client.close()


def _answers(master: Master) -> bool:
    try:
        return bool(master.read(VOLTS))
    except ModbusIOException:
        return False


def test_an_idle_meter_shows_the_mains_and_its_register(meters: list[Master]) -> None:
    master = meters[1]
    assert master.read(VOLTS, 3) == [230.0, 230.0, 230.0]
    assert master.read(AMPS, 3) == [0.0, 0.0, 0.0]
    assert master.read(HERTZ) == [50.0]
    assert master.read(IMPORT_KWH, 2) == [5.0, 0.0]
    assert master.read(0x156) == [5.0]


def test_a_charge_shows_on_the_meter_of_its_own_evse(world: WorldProcess, meters: list[Master]) -> None:
    wires = DeskWires(DeskWires.Settings(str(world.folder / "wires.sock")), "bus.wires")
    world.do("ev", phases=2)
    world.do("plug")
    wires.drive(1, 16.0 / 60.0)
    wires.switch(1, 0, True)
    world.wait(lambda evse: evse["amps"][0] == 16.0)
    master = meters[0]
    assert master.read(AMPS, 3) == pytest.approx([16.0, 16.0, 0.0])
    assert master.read(VOLTS, 3) == pytest.approx([228.4, 228.4, 230.0])
    assert master.read(WATTS, 3) == pytest.approx([3654.4, 3654.4, 0.0])
    assert master.read(TOTAL_WATTS) == pytest.approx([7308.8])
    wires.switch(1, 0, False)
    evse = world.wait(lambda evse: not evse["closed"])
    assert master.read(IMPORT_KWH)[0] * 1000 == pytest.approx(evse["energy_wh"], abs=0.01)
    assert evse["energy_wh"] > 5001
    assert meters[1].read(IMPORT_KWH) == [5.0]


@pytest.mark.parametrize("silence", ["meter-dead", "mains"])
def test_a_dead_or_unpowered_meter_is_silent(world: WorldProcess, meters: list[Master], silence: str) -> None:
    def silent(on: bool) -> None:
        if silence == "mains":
            world.do("mains", on=not on)
        else:
            world.do("fault", name=silence, on=on)

    silent(True)
    master = meters[0]
    with pytest.raises(ModbusIOException):
        master.read(VOLTS)
    silent(False)
    assert master.read(VOLTS) == [230.0]


def test_a_meter_may_answer_zeros_or_jump_back(world: WorldProcess, meters: list[Master]) -> None:
    master = meters[0]
    world.do("fault", name="meter-back", on=True)
    assert master.read(IMPORT_KWH) == [4.0]
    world.do("fault", name="meter-zero", on=True)
    assert master.read(IMPORT_KWH) == master.read(VOLTS) == [0.0]


def test_it_is_silent_when_another_unit_is_called(meters: list[Master]) -> None:
    meters[0].unit = 2
    with pytest.raises(ModbusIOException):
        meters[0].read(VOLTS)
    meters[0].unit = 1
    assert meters[0].read(VOLTS) == [230.0]


@pytest.mark.parametrize(("address", "count", "code"), [(0, 82, 3), (1, 2, 3), (0, 3, 3), (0x158, 2, 2)])
def test_it_refuses_what_the_real_one_refuses(
    world: WorldProcess, meters: list[Master], address: int, count: int, code: int
) -> None:
    master = meters[0]
    answer = master.client.read_input_registers(address, count=count, device_id=1)
    assert answer.isError()
    assert answer.exception_code == code


def test_it_tells_its_serial_number(meters: list[Master]) -> None:
    answer = meters[1].client.read_holding_registers(0xFC00, count=2, device_id=1)
    assert answer.registers == [0x0063, 2]


def test_an_em340_tells_how_the_phases_turn_and_is_read_by_its_map(tmp_path: Path) -> None:
    rows = load("carlo-gavazzi-em340", "/nowhere", "evse.1.meter")
    with running(tmp_path, "--meter", "em340", "--register-wh", "5000") as world:
        client = ModbusSerialClient(str(world.folder / "meter-1"), baudrate=9600, timeout=0.3, retries=10)
        assert client.connect()

        def read() -> Reading:
            words = {}
            for block in rows.blocks:
                answer = client.read_input_registers(block.address, count=block.count, device_id=1)
                words |= {(4, block.address + k): word for k, word in enumerate(answer.registers)}
            return rows.reading(0.0, words)

        found = read()
        assert found.volts == pytest.approx((230.0, 230.0, 230.0))
        assert (found.hertz, found.import_wh, found.watts) == pytest.approx((50.0, 5000.0, 0.0))
        assert found.sequence == "L1-L2-L3"
        world.do("fault", name="wrong-rotation", on=True)
        assert read().sequence == "L1-L3-L2"
        assert client.read_input_registers(0, count=51, device_id=1).exception_code == 3
        client.close()
