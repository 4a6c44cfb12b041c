"""The map and the driver that drivers/README.md shows, installed and used."""

from __future__ import annotations

import asyncio
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from evse_drivers import api, registry
from evse_drivers.api import DriverError
from evse_drivers.meters.map_file import parse

README = (Path(__file__).parents[2] / "drivers" / "README.md").read_text(encoding="utf-8")
MAP, PROJECT = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
(DRIVER,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type[Any]:
    """The example as pip would install it, found by its name."""
    project = tomllib.loads(PROJECT)["project"]
    info = tmp_path / f"acme_pulse-{project['version']}.dist-info"
    info.mkdir()
    info.joinpath("METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    points = "\n".join(f"{name} = {target}" for name, target in project["entry-points"]["evse_drivers"].items())
    info.joinpath("entry_points.txt").write_text(f"[evse_drivers]\n{points}\n")
    tmp_path.joinpath("acme_pulse.py").write_text(DRIVER)
    monkeypatch.syspath_prepend(str(tmp_path))
    return registry.find("meter", "acme-pulse")


def test_the_example_map_is_right() -> None:
    found = parse(MAP, "README.md")
    words = {(3, address): 0 for block in found.blocks for address in range(block.address, block.address + block.count)}
    words |= {(3, 0x00): 0x091B, (3, 0x0C): 0xFFFF, (3, 0x0D): 0x7FFF, (3, 0x33): 500, (3, 0x34): 123}
    reading = found.reading(1.0, words)
    assert reading.volts == (pytest.approx(233.1), None, None)
    assert reading.amps == (None, None, None)
    assert (reading.hertz, reading.import_wh) == (50.0, pytest.approx(12300.0))


def test_the_example_driver_measures_what_it_can_and_nothing_else(installed: type[Any], tmp_path: Path) -> None:
    count = tmp_path / "count"
    count.write_text("2500\n")
    meter = installed(installed.Settings(str(count)), "evse.1.meter")
    assert isinstance(meter, api.Meter)
    reading = asyncio.run(meter.read())
    assert reading == api.Reading(reading.at, import_wh=2500.0)


def test_the_example_driver_tells_what_is_wrong(installed: type[Any], tmp_path: Path) -> None:
    count = tmp_path / "count"
    with pytest.raises(DriverError) as caught:
        installed(installed.Settings(str(count)), "evse.1.meter")
    assert str(caught.value) == f"evse.1.meter: {count}: No such file or directory. Is the counter's overlay loaded?"
    count.write_text("")
    with pytest.raises(DriverError) as caught:
        installed(installed.Settings(str(count)), "evse.1.meter")
    assert str(caught.value) == f"evse.1.meter: {count} holds no number. Name the counter's file `count`."
