"""Drivers by kind and name: near misses, no fallback, and packages of others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from evse_drivers import registry
from evse_drivers.api import DriverError
from evse_drivers.meters.modbus_map import ModbusMeter
from evsed import listing

OUTSIDER = '''
class Clamp:
    """A current clamp."""
'''


def told(kind: str, name: str) -> str:
    with pytest.raises(DriverError) as caught:
        registry.find(kind, name)
    return str(caught.value)


@pytest.fixture
def outsider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of someone else, as pip would leave it, on the path."""
    (tmp_path / "acme_clamp.py").write_text(OUTSIDER)
    info = tmp_path / "acme_clamp-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-clamp\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(
        "[evse_drivers]\nmeter.acme-clamp = acme_clamp:Clamp\nmeter.modbus = acme_clamp:Clamp\n"
        "meter.acme-broken = acme_nothing:Clamp\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_a_driver_is_found_by_kind_and_name() -> None:
    assert registry.find("meter", "modbus") is ModbusMeter


def names(kind: str) -> str:
    return ", ".join(entry.name for entry in registry.listing() if entry.kind == kind)


def test_an_unknown_name_is_told_with_near_misses_and_never_replaced() -> None:
    assert told("bus", "modbus-seriel") == (
        f'there is no bus driver "modbus-seriel". Did you mean "modbus-serial"? There are: {names("bus")}.'
    )
    assert told("rcd", "xyz") == f'there is no rcd driver "xyz". There are: {names("rcd")}.'
    assert told("metre", "modbus") == (
        'there is no kind of driver "metre". Kinds: bus, pilot, switch, input, rcd, meter, thermometer, reader, board.'
    )


def test_a_package_of_others_brings_a_driver_but_never_replaces_ours(outsider: Path) -> None:
    assert registry.find("meter", "acme-clamp").__doc__ == "A current clamp."
    assert registry.find("meter", "modbus") is ModbusMeter
    entries = {(entry.kind, entry.name): entry.summary for entry in registry.listing()}
    assert entries["meter", "acme-clamp"] == "from acme-clamp 1.2"
    assert entries["meter", "modbus"].startswith("an energy meter")
    assert 'Did you mean "acme-clamp"?' in told("meter", "acme-clam")


def test_a_driver_that_cannot_be_imported_is_told_with_its_reason(outsider: Path) -> None:
    assert told("meter", "acme-broken") == (
        "the meter driver \"acme-broken\" (acme_nothing:Clamp) cannot be imported: No module named 'acme_nothing'. "
        "Install what it needs, or take its name out of the config."
    )


def closed_up(line: str) -> str:
    """Without the columns."""
    return " ".join(line.split())


def test_the_command_lists_every_driver_in_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert listing.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(registry.listing())
    assert "bus modbus-serial Modbus RTU on a serial port (RS485), shared by several devices" in map(closed_up, lines)
    assert listing.main(["--json"]) == 0
    entries = json.loads(capsys.readouterr().out)
    assert {(entry["kind"], entry["name"]) for entry in entries} >= {("meter", "modbus"), ("reader", "pn532")}
    assert set(entries[0]) == {"kind", "name", "target", "summary"}


def test_an_installed_package_is_listed_by_the_command_in_a_process_of_its_own(outsider: Path) -> None:
    command = "from evsed import listing; listing.main([])"
    path = os.pathsep.join([str(outsider), "firmware", "drivers"])
    run = subprocess.run(
        [sys.executable, "-c", command],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "meter acme-clamp from acme-clamp 1.2" in map(closed_up, run.stdout.splitlines())
