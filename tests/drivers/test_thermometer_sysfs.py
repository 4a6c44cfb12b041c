"""A temperature in a file of the kernel: read as it is now, refused whole when it can be no temperature."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from evse_drivers.api import DriverError
from evse_drivers.thermometers.sysfs import SysfsThermometer

Settings = SysfsThermometer.Settings


def sensor(tmp_path: Path, text: str, **options: float) -> SysfsThermometer:
    path = tmp_path / "temp1_input"
    path.write_text(text)
    return SysfsThermometer(Settings(str(path), **options), "thermometer.housing")


def read(thermometer: SysfsThermometer) -> float:
    return asyncio.run(thermometer.read())


def trouble(thermometer: SysfsThermometer) -> str:
    with pytest.raises(DriverError) as caught:
        read(thermometer)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "options", "celsius"),
    [
        ("41312\n", {}, 41.312),
        ("-5062\n", {}, -5.062),
        ("38.5", {"scale": 1.0}, 38.5),
        ("41000\n", {"offset": -2.5}, 38.5),
        ("311\n", {"scale": 0.1}, 31.1),
    ],
)
def test_the_number_is_scaled_and_corrected(
    tmp_path: Path, text: str, options: dict[str, float], celsius: float
) -> None:
    assert read(sensor(tmp_path, text, **options)) == pytest.approx(celsius)


def test_each_reading_is_of_now(tmp_path: Path) -> None:
    thermometer = sensor(tmp_path, "20000\n")
    assert read(thermometer) == 20.0
    (tmp_path / "temp1_input").write_text("21000\n")
    assert read(thermometer) == 21.0


def test_a_file_that_is_not_there_is_told_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "temp1_input"
    with pytest.raises(DriverError) as caught:
        SysfsThermometer(Settings(str(path)), "thermometer.housing")
    assert str(caught.value) == (
        f"thermometer.housing: there is no file {path}. Check the sensor's wire, its kernel driver (on a Pi its "
        'dtoverlay) and `path`; "ls /sys/class/hwmon /sys/class/thermal /sys/bus/w1/devices" shows what there is.'
    )


def test_a_sensor_that_vanishes_is_told_and_read_again_when_it_is_back(tmp_path: Path) -> None:
    thermometer, path = sensor(tmp_path, "20000\n"), tmp_path / "temp1_input"
    path.unlink()
    assert trouble(thermometer) == (
        f"thermometer.housing: {path} cannot be read: No such file or directory. Check the sensor and its wire."
    )
    path.write_text("22000\n")
    assert read(thermometer) == 22.0


def test_what_is_no_number_is_told(tmp_path: Path) -> None:
    path = tmp_path / "temp1_input"
    for text in ("", "t=21375", "nan\n" * 30):
        assert trouble(sensor(tmp_path, text)) == (
            f"thermometer.housing: {path} holds {text[:64].strip()!r} and no number. Check `path`."
        )


@pytest.mark.parametrize(("text", "celsius"), [("850000", "850"), ("-80000", "-80"), ("nan", "nan"), ("inf", "inf")])
def test_what_can_be_no_temperature_is_told(tmp_path: Path, text: str, celsius: str) -> None:
    assert trouble(sensor(tmp_path, text)) == (
        f"thermometer.housing: {tmp_path}/temp1_input says {celsius} °C; -60 to 200 can be. Check `scale` and the "
        "sensor's wire."
    )


def test_a_sensor_that_takes_its_time_does_not_hold_up_the_loop(tmp_path: Path) -> None:
    path = tmp_path / "slow"
    os.mkfifo(path)
    path_of_start = tmp_path / "temp1_input"
    path_of_start.write_text("20000")
    thermometer = SysfsThermometer(Settings(str(path_of_start)), "thermometer.housing")
    path_of_start.unlink()
    path_of_start.symlink_to(path)

    async def story() -> None:
        reading = asyncio.ensure_future(thermometer.read())
        await asyncio.sleep(0.05)
        assert not reading.done()
        path.write_text("30000")
        assert await reading == 30.0
        await thermometer.close()

    asyncio.run(story())
