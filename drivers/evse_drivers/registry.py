"""Which class drives which hardware: kind and name to "module:Class", looked up by the name in the config."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .api import DriverError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

KINDS = ("bus", "pilot", "switch", "input", "rcd", "meter", "thermometer", "reader", "board")

# Packages of others declare theirs in this entry point group, named "kind.name" (see drivers/README.md).
ENTRY_POINTS = "evse_drivers"


@dataclass(frozen=True, slots=True)
class Entry:
    """One driver that can be named in the config."""

    kind: str
    name: str
    target: str  # module:Class
    summary: str


# fmt: off
DRIVERS = (
    Entry("bus", "modbus-serial", "evse_drivers.buses.modbus_serial:ModbusSerial",
          "Modbus RTU on a serial port (RS485), shared by several devices"),
    Entry("bus", "modbus-tcp", "evse_drivers.buses.modbus_tcp:ModbusTcp",
          "Modbus TCP, a device on the network or a gateway to several"),
    Entry("bus", "i2c", "evse_drivers.buses.i2c:I2cBus",
          "an I2C adapter (/dev/i2c-N), shared by the devices of one process"),
    Entry("bus", "rapi", "evse_drivers.buses.rapi:Rapi",
          "an OpenEVSE on a serial port, shared by its board and its meter"),
    Entry("bus", "desk", "evse_drivers.buses.desk:DeskWires",
          "the wires of the simulated wallbox of `evsed desk`"),
    Entry("pilot", "peak-detector", "evse_drivers.pilots.peak_detector:PeakDetector",
          "the kernel's PWM, and two peak detectors behind a slow converter (ADS1115 or ADS1015 on I2C, or IIO)"),
    Entry("pilot", "min-max", "evse_drivers.pilots.min_max:MinMax",
          "the kernel's PWM, and a fast SPI converter of the kernel (IIO: MCP3008, MCP3208 ...)"),
    Entry("pilot", "desk", "evse_drivers.pilots.desk:DeskPilotLine",
          "the control pilot of the simulated wallbox of `evsed desk`"),
    Entry("switch", "desk", "evse_drivers.switches.desk:DeskSwitch",
          "contactor, plug lock, phase relay or heartbeat of the simulated wallbox of `evsed desk`"),
    Entry("switch", "gpio", "evse_drivers.switches.gpio:GpioSwitch",
          "contactor, phase relay, solenoid lock, heartbeat output or light on a GPIO pin of a Raspberry Pi"),
    Entry("switch", "gpio-lock", "evse_drivers.switches.gpio_lock:GpioBridgeLock",
          "motor of a plug lock on GPIO pins, by a bridge with direction and enable"),
    Entry("switch", "gpio-lock-two-way", "evse_drivers.switches.gpio_lock:GpioTwoWayLock",
          "motor of a plug lock on GPIO pins, one that locks and one that unlocks"),
    Entry("input", "desk", "evse_drivers.inputs.desk:DeskInput",
          "emergency stop or thermal switch of the simulated wallbox of `evsed desk`"),
    Entry("input", "gpio", "evse_drivers.inputs.gpio:GpioInput",
          "emergency stop, thermal switch or button on a GPIO pin of a Raspberry Pi"),
    Entry("rcd", "desk", "evse_drivers.rcds.desk:DeskRcd",
          "the residual-current device of the simulated wallbox of `evsed desk`"),
    Entry("rcd", "gpio", "evse_drivers.rcds.gpio:GpioRcd",
          "a residual-current device with error output and test input on GPIO pins of a Raspberry Pi"),
    Entry("meter", "modbus", "evse_drivers.meters.modbus_map:ModbusMeter",
          "an energy meter on a Modbus bus, read by a map of its registers"),
    Entry("meter", "sunspec", "evse_drivers.meters.sunspec:SunSpecMeter",
          "an energy meter on a Modbus bus that describes itself by SunSpec"),
    Entry("meter", "iskra-wm3m4c", "evse_drivers.meters.iskra:IskraMeter",
          "Iskra WM3M4C, which signs what a vehicle was charged with (OCMF), on a Modbus bus"),
    Entry("meter", "openevse", "evse_drivers.meters.openevse:OpenEvseMeter",
          "the meter in an OpenEVSE, read by RAPI"),
    Entry("meter", "phoenix-charx", "evse_drivers.meters.phoenix_charx:CharxMeter",
          "the meter of a charging point of a Phoenix Contact CHARX SEC"),
    Entry("thermometer", "sysfs", "evse_drivers.thermometers.sysfs:SysfsThermometer",
          "a temperature sensor that the kernel shows as a file with a number (hwmon, thermal_zone, 1-Wire, IIO)"),
    Entry("board", "evse-din", "evse_drivers.boards.evse_din:EvseDin",
          "EVSE DIN or Simple EVSE WB on a Modbus bus; it keeps its last current when evsed dies"),
    Entry("board", "openevse", "evse_drivers.boards.openevse:OpenEvse",
          "OpenEVSE by RAPI on a serial port, with its heartbeat supervision"),
    Entry("board", "phoenix-em-cp-pp-eth", "evse_drivers.boards.phoenix:PhoenixEm",
          "Phoenix Contact EM-CP-PP-ETH (ESL Walli), Modbus TCP"),
    Entry("board", "phoenix-ev-eth", "evse_drivers.boards.phoenix:PhoenixEv",
          "Phoenix Contact EV-CC-...-ETH (Wallbe, Compleo), Modbus TCP"),
    Entry("board", "phoenix-ev-ser", "evse_drivers.boards.phoenix:PhoenixSer",
          "Phoenix Contact EV-CC-...-SER (EV Charge Control Basic), Modbus RTU"),
    Entry("board", "phoenix-charx", "evse_drivers.boards.phoenix_charx:Charx",
          "a charging point of a Phoenix Contact CHARX SEC-3xxx, Modbus TCP, with its watchdog"),
    Entry("board", "heidelberg", "evse_drivers.boards.heidelberg:Heidelberg",
          "Heidelberg Energy Control on a Modbus bus, with its own watchdog"),
    Entry("reader", "pn532", "evse_drivers.readers.pn532:Pn532",
          "NXP PN532 card reader (ISO 14443 A) on a serial port"),
    Entry("reader", "pn532-i2c", "evse_drivers.readers.pn532:Pn532I2c",
          "NXP PN532 card reader (ISO 14443 A) on I2C"),
    Entry("reader", "mfrc522", "evse_drivers.readers.mfrc522:Mfrc522",
          "NXP MFRC522 card reader (ISO 14443 A) on SPI"),
    Entry("reader", "rdm6300", "evse_drivers.readers.rdm6300:Rdm6300",
          "RDM6300 reader of 125 kHz cards (EM4100) on a serial port"),
    Entry("reader", "wiegand", "evse_drivers.readers.wiegand:Wiegand",
          "a Wiegand reader (26 or 34 bits) behind a microcontroller on a serial port"),
    Entry("reader", "usb-hid", "evse_drivers.readers.usb_hid:UsbHid",
          "a USB card reader that types the card's number as a keyboard does"),
)
# fmt: on


def find(kind: str, name: str) -> type[Any]:
    """The driver class of that kind and name, imported now. DriverError where there is none, or it cannot be imported.

    A name in the table above cannot be taken over by an installed package.
    """
    if kind not in KINDS:
        raise DriverError(f'there is no kind of driver "{kind}". Kinds: {", ".join(KINDS)}.')
    for entry in DRIVERS:
        if (entry.kind, entry.name) == (kind, name):
            return _load(entry)
    outside = _outside()
    for entry in outside:
        if (entry.kind, entry.name) == (kind, name):
            return _load(entry)
    names = [entry.name for entry in (*DRIVERS, *outside) if entry.kind == kind]
    near = difflib.get_close_matches(name, names, 1)
    hint = f' Did you mean "{near[0]}"?' if near else ""
    there = f"There are: {', '.join(names)}." if names else f"No {kind} driver is installed."
    raise DriverError(f'there is no {kind} driver "{name}".{hint} {there}')


def listing() -> tuple[Entry, ...]:
    """Every driver there is, those of installed packages last. Imports none of them."""
    return (*DRIVERS, *_outside())


def _load(entry: Entry) -> type[Any]:
    module, _, name = entry.target.partition(":")
    try:
        return getattr(import_module(module), name)  # type: ignore[no-any-return]
    except (ImportError, AttributeError) as error:
        raise DriverError(
            f'the {entry.kind} driver "{entry.name}" ({entry.target}) cannot be imported: {error}. '
            "Install what it needs, or take its name out of the config."
        ) from error


def _outside() -> tuple[Entry, ...]:
    # importlib.metadata costs some MiB that the pilot process would keep for ever: only for a name not in the table.
    from importlib.metadata import entry_points

    built_in = {(entry.kind, entry.name) for entry in DRIVERS}
    found = (_entry(point) for point in entry_points(group=ENTRY_POINTS))
    return tuple(entry for entry in found if entry.kind in KINDS and (entry.kind, entry.name) not in built_in)


def _entry(point: EntryPoint) -> Entry:
    kind, _, name = point.name.partition(".")
    dist = point.dist
    summary = f"from {dist.name} {dist.version}" if dist else "from an installed package"
    return Entry(kind, name, point.value, summary)
