"""What every driver in the registry promises, whatever its hardware is."""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import os
import re
import subprocess
import sys
import time
import typing
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from evse_drivers import api, registry
from evse_drivers.api import DriverError
from evse_drivers.buses.modbus_serial import ModbusSerial
from evse_drivers.buses.modbus_tcp import ModbusTcp
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


@pytest.mark.parametrize(
    "entry", [entry for entry in ENTRIES if entry.kind in ("meter", "reader", "board")], ids=name_of
)
def test_one_that_wants_a_bus_says_so_and_which_option_names_it(entry: Entry, tmp_path: Path) -> None:
    driver = registry.find(entry.kind, entry.name)
    settings = settings_of(entry, tmp_path)
    if not hasattr(driver, "bus_drivers"):
        return
    with pytest.raises(DriverError) as caught:
        driver(settings, "evse.1.part")
    assert str(caught.value).startswith("evse.1.part: needs a bus. Set bus = "), str(caught.value)


# --- what the settings rules ask before anything is opened -----------------------------------------------------------

DECLARATIONS = ("claims", "timing", "fallback")
CLAIM = re.compile(
    r"GPIO \d+|SPI \S+|USB \S+|PWM \S+ channel \d+|(I2C \S+ 0x[0-9A-F]{2}|IIO \S+)( channel \d+)?"
    r"|\S+ unit \d+ charging point \d+"
)
_watched: list[str] | None = None  # what was asked of the world, while somebody listens


def _listen(event: str, arguments: tuple[object, ...]) -> None:
    if _watched is not None and event.partition(".")[0] in ("open", "os", "socket", "subprocess", "fcntl", "import"):
        _watched.append(event)


sys.addaudithook(_listen)  # cannot be taken out again


@contextmanager
def untouched() -> Iterator[None]:
    """Nothing is opened, listed, imported or started in here."""
    global _watched
    _watched = []
    try:
        yield
        found = _watched
    finally:
        _watched = None
    assert found == []


def test_a_touch_would_be_noticed() -> None:
    with pytest.raises(AssertionError, match="open"), untouched():
        open(os.devnull).close()


@every_driver
def test_what_it_declares_it_reckons_from_its_settings_alone(entry: Entry, tmp_path: Path) -> None:
    driver, settings = registry.find(entry.kind, entry.name), settings_of(entry, tmp_path)
    for name in (name for name in DECLARATIONS if hasattr(driver, name)):
        assert isinstance(inspect.getattr_static(driver, name), staticmethod)
        assert list(inspect.signature(getattr(driver, name)).parameters) == ["settings"]
        with untouched():
            said = getattr(driver, name)(settings)
        assert getattr(driver, name)(settings) == said
        if name == "claims":
            assert isinstance(said, tuple)
            assert all(CLAIM.fullmatch(claim) for claim in said), said
        elif name == "timing":
            sample_ms, release_ms = said
            assert sample_ms > 0
            assert release_ms > 0
        else:
            assert entry.kind == "board"
            assert 0 <= said <= 80


@every_driver
def test_each_pin_that_it_is_told_it_claims(entry: Entry, tmp_path: Path) -> None:
    driver, settings = registry.find(entry.kind, entry.name), settings_of(entry, tmp_path)
    pins = [field.name for field in dataclasses.fields(settings) if re.fullmatch(r"(\w+_)?pin", field.name)]
    if not pins:
        return
    for number, name in enumerate(pins):
        pin = 18 if name == "pwm_pin" else 4 + number
        with_pin = dataclasses.replace(settings, **{name: pin})
        assert f"GPIO {pin}" in driver.claims(with_pin), name
        assert "GPIO -1" not in driver.claims(with_pin)


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.kind == "board"], ids=name_of)
def test_a_board_says_what_it_does_when_evsed_dies(entry: Entry) -> None:
    driver = registry.find(entry.kind, entry.name)
    assert isinstance(driver.keeps_current, bool)
    assert driver.keeps_current != hasattr(driver, "fallback"), "it keeps its current, or falls back to one"


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.kind == "reader"], ids=name_of)
def test_a_readers_sample_is_a_card(entry: Entry) -> None:
    sample = getattr(registry.find(entry.kind, entry.name), "sample", api.Uid("04A1B2C3"))
    assert isinstance(sample, api.Uid)
    assert re.fullmatch(r"([0-9A-F]{2}){3,10}", sample.hex)
    assert sample.kind in typing.get_args(typing.get_type_hints(api.Uid)["kind"])


# --- silence ---------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def silent_serial() -> AsyncIterator[ModbusSerial]:
    pty = Pty()
    yield ModbusSerial(ModbusSerial.Settings(pty.path, timeout_ms=50), "bus.rs485")
    pty.close()


@asynccontextmanager
async def silent_rapi() -> AsyncIterator[Rapi]:
    pty = Pty()
    yield Rapi(Rapi.Settings(pty.path, timeout_ms=50), "bus.openevse")
    pty.close()


@asynccontextmanager
async def silent_network() -> AsyncIterator[ModbusTcp]:
    """Something listens, and says nothing."""
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield ModbusTcp(ModbusTcp.Settings("127.0.0.1", port, timeout_ms=50), "bus.lan")
    server.close()


@asynccontextmanager
async def absent_network() -> AsyncIterator[ModbusTcp]:
    """Nobody listens."""
    yield ModbusTcp(ModbusTcp.Settings("127.0.0.1", 1, timeout_ms=50), "bus.lan")


SILENT_BUSES = {
    "modbus-serial": (silent_serial,),
    "modbus-tcp": (silent_network, absent_network),
    "rapi": (silent_rapi,),
}
SILENT_DEVICES = [
    pytest.param(entry, silent, id=f"{name_of(entry)}-{silent.__name__}")
    for entry in ENTRIES
    if entry.kind in ("meter", "board")
    for bus in registry.find(entry.kind, entry.name).bus_drivers
    for silent in SILENT_BUSES[bus]
]


@pytest.mark.parametrize(("entry", "silent"), SILENT_DEVICES)
def test_a_device_on_a_silent_bus_is_one_clear_error_in_time(entry: Entry, silent: Any, tmp_path: Path) -> None:
    async def story() -> None:
        async with silent() as bus:
            device = registry.find(entry.kind, entry.name)(settings_of(entry, tmp_path), "evse.1.part", bus)
            try:
                if entry.kind == "meter":
                    await device.read()
                else:
                    await anext(device.seen())
            finally:
                await device.close()
                await device.close()
                bus.close()
                bus.close()

    start = time.monotonic()
    with pytest.raises(DriverError) as caught:
        asyncio.run(story())
    # A board is given some silence before it counts as lost.
    assert time.monotonic() - start < {"meter": 2.0, "board": 4.5}[entry.kind]
    assert str(caught.value).startswith(("evse.1.part: ", "bus.lan: "))
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.kind == "reader"], ids=name_of)
def test_a_silent_reader_yields_nothing_or_is_one_clear_error(entry: Entry, tmp_path: Path) -> None:
    async def story(port: str) -> None:
        settings = settings_of(entry, tmp_path)
        options = {field.name for field in dataclasses.fields(settings)}
        settings = dataclasses.replace(settings, port=port) if "port" in options else settings
        reader = registry.find(entry.kind, entry.name)(
            settings, "reader.front", I2cCardReader() if "bus" in options else None
        )
        heard: list[str | None] = []
        if hasattr(reader, "on_heard"):
            reader.on_heard = heard.append
        tokens = reader.tokens()
        try:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(tokens), 1.5)
        finally:
            await reader.close()
            await reader.close()
            await tokens.aclose()
        for words in heard:
            assert words is None or (words.startswith("reader.front: ") and words.endswith("."))

    pty = Pty()
    start = time.monotonic()
    told = "reader.front: nothing."
    try:
        asyncio.run(story(pty.path))
    except DriverError as error:
        told = str(error)
    assert time.monotonic() - start < 2.0
    assert told.startswith("reader.front: ")
    assert told.endswith(".")
    pty.close()
