"""SPI by ioctl, against a stand-in that is compiled from the kernel's own header; and the words for what goes wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from evse_drivers import spi
from evse_drivers.api import DriverError
from evse_drivers.spi import Spi

LOOP = Path(__file__).parent / "spi_loop.c"
STORY = """
import sys
from evse_drivers.api import DriverError
from evse_drivers.spi import Spi
device = Spi(sys.argv[1], 1_000_000, 0, "reader.front")
for data in (b"\\x00", b"\\x12\\x34\\xff", bytes(range(256)) * 16, b"\\x55"):
    assert device.transfer(data) == bytes(byte ^ 0xFF for byte in data)
for data in (bytes(4097), b""):
    try:
        device.transfer(data)
    except DriverError as error:
        assert str(error).endswith(f": {len(data)} bytes cannot be one transfer on {sys.argv[1]}; 1 to 4096 can.")
device.close()
try:
    device.transfer(b"x")
except DriverError as error:
    assert str(error) == f"reader.front: {sys.argv[1]} is closed."
"""


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_a_transfer_is_what_the_kernels_header_says(tmp_path: Path) -> None:
    library, log, device = tmp_path / "spi_loop.so", tmp_path / "log", tmp_path / "spidev0.0"
    device.touch()
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(library), str(LOOP), "-ldl"], check=True)
    environment = os.environ | {"LD_PRELOAD": str(library), "SPI_LOG": str(log), "PYTHONPATH": "drivers"}
    subprocess.run([sys.executable, "-S", "-c", STORY, str(device)], env=environment, check=True)
    lines = log.read_text().splitlines()
    assert lines[:3] == ["mode 0", "bits 8", "hertz 1000000"]
    assert lines[3:] == [f"transfer {count} bits 8 cs_change 0 delay 0 hertz 0" for count in (1, 3, 4096, 1)]


def failure(path: str | Path) -> str:
    with pytest.raises(DriverError) as caught:
        Spi(str(path), 1_000_000, 0, "reader.front")
    return str(caught.value)


def test_a_device_that_is_not_there_or_is_no_spi_device_is_told(tmp_path: Path) -> None:
    assert failure(tmp_path / "spidev0.0") == (
        f'reader.front: there is no SPI device {tmp_path}/spidev0.0. Enable SPI ("raspi-config", Interface Options, '
        'or dtparam=spi=on in config.txt) and start anew; "ls /dev/spidev*" shows what there is.'
    )
    (tmp_path / "file").touch()
    assert failure(tmp_path / "file") == (
        f"reader.front: {tmp_path}/file is not set to 1000000 Hz, mode 0: Inappropriate ioctl for device. Is it one "
        "of /dev/spidev*?"
    )
    assert failure(tmp_path) == (
        f"reader.front: {tmp_path} cannot be opened as an SPI device: Is a directory. Is it one of /dev/spidev*?"
    )


@pytest.mark.skipif(os.getuid() == 0, reason="root may open everything")
def test_a_device_that_is_not_ours_is_told(tmp_path: Path) -> None:
    (tmp_path / "spidev0.0").touch(0o000)
    with pytest.raises(DriverError) as caught:
        spi.check(str(tmp_path / "spidev0.0"), "reader.front")
    assert str(caught.value) == (
        f"reader.front: this user may not open {tmp_path}/spidev0.0. Add the user to the group spi and start evsed "
        "again."
    )


def test_a_device_is_named_by_its_bus_and_chip_select() -> None:
    assert spi.name("/dev/spidev0.1") == "SPI 0.1"
