"""An I2C bus of the kernel: a plain adapter of this machine's own, and i2c-stub, which does SMBus commands only."""

from __future__ import annotations

import pytest
from evse_drivers.api import DriverError
from evse_drivers.buses.i2c import I2cBus
from simulated import adapter

DEVICE = 0x48


def test_a_register_is_written_and_read_with_a_repeated_start() -> None:
    bus = I2cBus(I2cBus.Settings(adapter("plain stub")), "bus.i2c")
    assert bus.transfer(DEVICE, b"\x01", 2) == b"\x85\x83"
    bus.write(DEVICE, b"\x01\xc3\xe3")
    assert bus.read(DEVICE, 2) == b"\xc3\xe3"
    bus.close()


def test_an_address_without_a_device_is_told() -> None:
    path = adapter("plain stub")
    bus = I2cBus(I2cBus.Settings(path), "bus.i2c")
    with pytest.raises(DriverError) as caught:
        bus.read(0x24, 1)
    assert str(caught.value) == (
        f"bus.i2c: no device answers at 0x24 on {path}: check its power and the wires SDA, SCL and GND, and that two "
        f'resistors pull SDA and SCL up; "i2cdetect -y {path.rpartition("-")[2]}" shows the addresses that answer.'
    )
    bus.close()


def test_an_adapter_that_cannot_do_plain_transfers_is_told_at_the_start() -> None:
    path = adapter("SMBus stub")
    with pytest.raises(DriverError) as caught:
        I2cBus(I2cBus.Settings(path), "bus.i2c")
    assert str(caught.value) == (
        f"bus.i2c: the adapter {path} does SMBus commands only and no plain I2C transfers. Use another adapter."
    )
