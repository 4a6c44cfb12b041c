"""What every driver in the registry promises, whatever its hardware is."""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import os
import subprocess
import sys
import time
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from evse_drivers import api, registry
from evse_drivers.api import DriverError
from evse_drivers.buses.modbus_serial import ModbusSerial
from evse_drivers.buses.rapi import Rapi
from evse_drivers.options import declared
from evse_drivers.registry import Entry
from i2c_peers import I2cCardReader
from serial_peers import Pty

ENTRIES = [entry for entry in registry.listing() if entry.target.startswith("evse_drivers.")]
PROTOCOLS = {
    "pilot": api.PilotLine,
    "switch": api.Switch,
    "input": api.Input,
    "rcd": api.ResidualCurrent,
    "thermometer": api.Thermometer,
    "meter": api.Meter,
    "reader": api.Reader,
    "board": api.PilotBoard,
}
# The pilot process imports every driver that its config names, to check its settings: it has 22 MiB for all.
HEAVY = ("asyncio", "ssl", "logging", "pymodbus", "serial", "evsed", "importlib.metadata", "tomllib")

# The options that say where the hardware is, for hardware that is not there.
ABSENT: dict[tuple[str, str], dict[str, Any]] = {
    ("bus", "modbus-serial"): {"port": "{folder}/nothing"},
    ("bus", "modbus-tcp"): {"host": "127.0.0.1", "port": 1},
    ("bus", "i2c"): {"adapter": "{folder}/nothing"},
    ("bus", "rapi"): {"port": "{folder}/nothing"},
    ("bus", "desk"): {"socket": "{folder}/nothing"},
    ("pilot", "peak-detector"): {
        "adc": "ads1115",
        "bus": "i2c",
        "high_scale": 7.5,
        "high_offset": 1.65,
        "low_scale": 7.5,
        "low_offset": 1.65,
        "pwm_sysfs": "{folder}/nothing",
    },
    ("pilot", "min-max"): {"iio_device": "mcp3008", "scale": 7.5, "offset": 1.65, "pwm_sysfs": "{folder}/nothing"},
    ("pilot", "desk"): {"bus": "wires"},
    ("switch", "desk"): {"bus": "wires"},
    ("switch", "gpio"): {"pin": 17},
    ("switch", "gpio-lock"): {"direction_pin": 26, "enable_pin": 19},
    ("switch", "gpio-lock-two-way"): {"lock_pin": 5, "unlock_pin": 16},
    ("input", "desk"): {"bus": "wires"},
    ("input", "gpio"): {"pin": 6},
    ("rcd", "gpio"): {"pin": 22, "test_pin": 23},
    ("rcd", "desk"): {"bus": "wires"},
    ("thermometer", "sysfs"): {"path": "{folder}/nothing"},
    ("meter", "openevse"): {"bus": "openevse"},
    ("meter", "phoenix-charx"): {"bus": "lan"},
    ("meter", "modbus"): {"bus": "rs485", "map": "eastron-sdm630"},
    ("meter", "iskra-wm3m4c"): {"bus": "rs485"},
    ("meter", "sunspec"): {"bus": "rs485"},
    ("board", "evse-din"): {"bus": "rs485"},
    ("board", "openevse"): {"bus": "openevse"},
    ("board", "phoenix-em-cp-pp-eth"): {"bus": "lan"},
    ("board", "phoenix-ev-eth"): {"bus": "lan"},
    ("board", "phoenix-ev-ser"): {"bus": "lan"},
    ("board", "phoenix-charx"): {"bus": "lan"},
    ("board", "heidelberg"): {"bus": "rs485"},
    ("reader", "pn532"): {"port": "{folder}/nothing"},
    ("reader", "pn532-i2c"): {"bus": "i2c1"},
    ("reader", "mfrc522"): {"device": "{folder}/nothing"},
    ("reader", "rdm6300"): {"port": "{folder}/nothing"},
    ("reader", "wiegand"): {"port": "{folder}/nothing"},
    ("reader", "usb-hid"): {"usb": "dead:beef"},
}


def name_of(entry: Entry) -> str:
    return f"{entry.kind}-{entry.name}"


every_driver = pytest.mark.parametrize("entry", ENTRIES, ids=name_of)


def settings_of(entry: Entry, folder: Path) -> Any:
    options = ABSENT[entry.kind, entry.name]
    values = {k: v.format(folder=folder) if isinstance(v, str) else v for k, v in options.items()}
    return registry.find(entry.kind, entry.name).Settings(**values)


@every_driver
def test_its_import_is_light(entry: Entry) -> None:
    module = entry.target.partition(":")[0]
    code = f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env=os.environ | {"PYTHONPATH": "drivers"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "[]"


@every_driver
def test_its_settings_are_frozen_and_every_option_has_help_and_a_default_that_is_allowed(entry: Entry) -> None:
    settings = registry.find(entry.kind, entry.name).Settings
    assert settings.__dataclass_params__.frozen
    hints = typing.get_type_hints(settings)
    for field in dataclasses.fields(settings):
        option = declared(field)
        assert option.help
        assert not option.help.endswith(".")
        assert hints[field.name] in (str, int, float, bool)
        if field.default is dataclasses.MISSING:
            assert option.example is not None, f"{field.name} is required: show an example"
            continue
        assert isinstance(field.default, hints[field.name])
        assert not option.choices or field.default in option.choices
        assert option.minimum is None or field.default >= option.minimum
        assert option.maximum is None or field.default <= option.maximum


@every_driver
def test_its_constructor_takes_settings_where_and_bus(entry: Entry) -> None:
    driver = registry.find(entry.kind, entry.name)
    parameters = list(inspect.signature(driver).parameters.values())
    assert [parameter.name for parameter in parameters][:2] == ["settings", "where"]
    if entry.kind != "bus":
        assert [(p.name, p.default) for p in parameters[2:]] == [("bus", None)]
    assert driver.__doc__
    assert entry.summary


@every_driver
def test_the_buses_that_it_names_exist(entry: Entry) -> None:
    driver = registry.find(entry.kind, entry.name)
    for name in getattr(driver, "bus_drivers", ()):
        assert "bus" in {field.name for field in dataclasses.fields(driver.Settings)}
        assert registry.find("bus", name)


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.kind == "meter"], ids=name_of)
def test_a_meter_that_signs_fulfils_that_protocol_whole(entry: Entry) -> None:
    driver, promised = registry.find("meter", entry.name), vars(api.SignedMeter)
    names = [name for name in promised if inspect.isfunction(promised[name]) and name[0] != "_"]
    has = [name for name in names if hasattr(driver, name)]
    if not has:
        return
    assert "required" in {field.name for field in dataclasses.fields(driver.Settings)}
    for name in names:
        kept = getattr(driver, name)
        assert list(inspect.signature(kept).parameters) == list(inspect.signature(promised[name]).parameters)
        assert inspect.iscoroutinefunction(kept)


@every_driver
def test_it_fulfils_its_protocol(entry: Entry) -> None:
    driver = registry.find(entry.kind, entry.name)
    if entry.kind == "bus":
        assert callable(driver.close)
        return
    protocol = PROTOCOLS[entry.kind]
    for name in (name for name in vars(protocol) if inspect.isfunction(vars(protocol)[name]) and name[0] != "_"):
        promised, kept = getattr(protocol, name), getattr(driver, name)
        assert list(inspect.signature(kept).parameters) == list(inspect.signature(promised).parameters)
        assert inspect.iscoroutinefunction(kept) == inspect.iscoroutinefunction(promised)
    for name in vars(protocol).get("__annotations__", {}):
        assert getattr(driver, name) > 0  # sample_ms, release_ms: known before there is an object


# A network device may come later than the station: told at the first read, see test_modbus_tcp.py.
@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.name != "modbus-tcp"], ids=name_of)
def test_hardware_that_is_not_there_is_one_clear_error(entry: Entry, tmp_path: Path) -> None:
    start = time.monotonic()
    with pytest.raises(DriverError) as caught:
        registry.find(entry.kind, entry.name)(settings_of(entry, tmp_path), "evse.1.part")
    assert str(caught.value).startswith("evse.1.part: ")
    assert str(caught.value).endswith(".")
    assert time.monotonic() - start < 2


def bus_of(entry: Entry, port: str) -> ModbusSerial | Rapi:
    if registry.find(entry.kind, entry.name).bus_drivers == ("rapi",):
        return Rapi(Rapi.Settings(port, timeout_ms=50), "bus.openevse")
    return ModbusSerial(ModbusSerial.Settings(port, timeout_ms=50), "bus.rs485")


async def _read_meter(port: str, entry: Entry, settings: Any) -> None:
    bus = bus_of(entry, port)
    try:
        await registry.find(entry.kind, entry.name)(settings, "evse.1.meter", bus).read()
    finally:
        bus.close()


async def _watch_board(port: str, entry: Entry, settings: Any) -> None:
    bus = bus_of(entry, port)
    try:
        async for _ in registry.find(entry.kind, entry.name)(settings, "evse.1.board", bus).seen():
            raise AssertionError("a silent board was seen")
    finally:
        bus.close()


async def _read_cards(port: str, entry: Entry, settings: Any) -> None:
    options = {field.name for field in dataclasses.fields(settings)}
    settings = dataclasses.replace(settings, port=port) if "port" in options else settings
    bus = I2cCardReader() if "bus" in options else None
    reader = registry.find(entry.kind, entry.name)(settings, "reader.front", bus)
    tokens = reader.tokens()
    try:
        await asyncio.wait_for(anext(tokens), 1.5)
    except TimeoutError:
        raise DriverError("nothing came, as it should be") from None
    finally:
        await reader.close()
        await tokens.aclose()


SILENT: dict[str, Callable[[str, Entry, Any], Any]] = {
    "meter": _read_meter,
    "reader": _read_cards,
    "board": _watch_board,
}
IN_TIME = {"board": 4.5}  # s; others 2: a board is given some silence before it counts as lost


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.kind in SILENT], ids=name_of)
def test_silent_hardware_raises_nothing_but_driver_errors_and_in_time(entry: Entry, tmp_path: Path) -> None:
    pty = Pty()
    start = time.monotonic()
    with pytest.raises(DriverError):
        asyncio.run(SILENT[entry.kind](pty.path, entry, settings_of(entry, tmp_path)))
    assert time.monotonic() - start < IN_TIME.get(entry.kind, 2.0)
    pty.close()
