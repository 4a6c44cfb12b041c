"""The I2C bus against a library that keeps smbus2's rules, and against smbus2 itself where it is installed."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from evse_drivers.api import DriverError
from evse_drivers.buses.i2c import I2cBus

FAKE = str(Path(__file__).parent / "fake_i2c")


class Registers:
    """A device with 256 registers: the first byte written points."""

    def __init__(self) -> None:
        self.memory, self.pointer = bytearray(range(256)), 0

    def __call__(self, written: bytes | None, count: int) -> bytes:
        if count:
            return bytes(self.memory[self.pointer : self.pointer + count])
        assert written
        self.pointer = written[0]
        self.memory[self.pointer : self.pointer + len(written) - 1] = written[1:]
        return b""


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(FAKE)
    sys.modules.pop("smbus2", None)
    import smbus2

    smbus2.devices = {0x48: Registers()}
    yield smbus2
    sys.modules.pop("smbus2", None)


@pytest.fixture
def adapter(tmp_path: Path) -> str:
    path = tmp_path / "i2c-7"
    path.touch()
    return str(path)


def bus(adapter: str, **options: Any) -> I2cBus:
    return I2cBus(I2cBus.Settings(adapter, **options), "bus.i2c")


def refused(call: Any, *arguments: Any) -> str:
    with pytest.raises(DriverError) as caught:
        call(*arguments)
    return str(caught.value)


def test_what_is_written_is_read(library: Any, adapter: str) -> None:
    it = bus(adapter)
    it.write(0x48, b"\x10\x01\x02\x03")
    assert it.transfer(0x48, b"\x11", 2) == b"\x02\x03"
    assert it.read(0x48, 1) == b"\x02"
    it.close()
    it.close()
    assert refused(it.read, 0x48, 1) == f"bus.i2c: {adapter} is closed."


def test_a_read_after_a_write_is_one_transfer(library: Any, adapter: str) -> None:
    library.log.clear()
    calls = []
    rdwr = library.SMBus.i2c_rdwr
    library.SMBus.i2c_rdwr = lambda self, *messages: (calls.append(len(messages)), rdwr(self, *messages))
    bus(adapter).transfer(0x48, b"\x01", 2)
    assert calls == [2]
    assert library.log == [(0x48, 1), (0x48, -2)]


@pytest.mark.parametrize("number", [errno.ENXIO, errno.EREMOTEIO])
def test_an_address_that_nobody_acknowledges_is_told(library: Any, adapter: str, number: int) -> None:
    library.devices[0x49] = number
    assert refused(bus(adapter).read, 0x49, 1) == (
        f"bus.i2c: no device answers at 0x49 on {adapter}: check its power and the wires SDA, SCL and GND, and that "
        'two resistors pull SDA and SCL up; "i2cdetect -y 7" shows the addresses that answer.'
    )


@pytest.mark.parametrize("number", [errno.ETIMEDOUT, errno.EAGAIN])
def test_a_bus_that_hangs_is_told(library: Any, adapter: str, number: int) -> None:
    library.devices[0x48] = number
    assert refused(bus(adapter).write, 0x48, b"\x01") == (
        f"bus.i2c: {adapter} hangs (asked for 0x48, {os.strerror(number)}): a device holds SDA or SCL; check its power "
        "and the wires SDA, SCL and GND, and that two resistors pull SDA and SCL up, and power the devices off and on."
    )


def test_any_other_failure_is_told(library: Any, adapter: str) -> None:
    library.devices[0x48] = errno.EIO
    assert refused(bus(adapter).transfer, 0x48, b"\x01", 1) == (
        f"bus.i2c: the transfer with 0x48 on {adapter} failed: Input/output error; check its power and the wires SDA, "
        "SCL and GND, and that two resistors pull SDA and SCL up."
    )
    assert refused(bus(adapter).read, 0x48, 9000).startswith(f"bus.i2c: the transfer with 0x48 on {adapter} failed: ")


def test_an_adapter_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert refused(bus, f"{tmp_path}/i2c-9") == (
        f'bus.i2c: there is no I2C adapter {tmp_path}/i2c-9. Enable I2C ("raspi-config", Interface Options, or '
        'dtparam=i2c_arm=on in config.txt) and start anew; "ls /dev/i2c-*" shows what there is.'
    )


def test_one_that_is_forbidden_is_told(adapter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*arguments: Any) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", forbidden)  # the tests may run as root
    assert refused(bus, adapter) == (
        f"bus.i2c: this user may not open {adapter}. Add the user to the group i2c and start evsed again."
    )


def test_an_adapter_that_does_smbus_commands_only_is_told(library: Any, adapter: str) -> None:
    library.funcs = 0x0EFF0008
    assert refused(bus, adapter) == (
        f"bus.i2c: the adapter {adapter} does SMBus commands only and no plain I2C transfers. Use another adapter."
    )


def test_a_missing_library_is_told(adapter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "smbus2", None)
    assert refused(bus, adapter) == (
        "bus.i2c: the package smbus2 is needed and cannot be imported: import of smbus2 halted; None in sys.modules. "
        "Install it (pip install smbus2)."
    )


def test_smbus2_itself_says_what_a_file_is_that_is_no_adapter(adapter: str) -> None:
    assert refused(bus, adapter) == (
        f"bus.i2c: {adapter} cannot be opened as an I2C adapter: Inappropriate ioctl for device. Is it one of "
        "/dev/i2c-*?"
    )
