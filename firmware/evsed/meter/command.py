"""`evsed meter scan | read | maps`: which meter is on a line, and what it says."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Sequence

from evse_drivers.api import DriverError
from evse_drivers.meters.modbus_map import available, load
from evse_drivers.meters.register_map import Line, RegisterMap

from evsed.settings import SettingsError
from evsed.settings import load as load_settings

from . import screen
from .places import Place, SerialPlace, host, is_port
from .probing import Finding
from .reading import SUNSPEC, Source, by_config, by_map, show
from .scanning import ALL_UNITS, factory, network, scan

FAILED, USAGE, CONFIG, INTERRUPTED = 1, 2, 78, 130
MAPS = "/etc/evsed/meters"
SCAN = "evsed meter scan"


def main(argv: list[str]) -> int:
    """0: found, read; 1: not; 2: a wrong command line; 78: the config file is wrong; 130: interrupted."""
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.do(arguments)
    except DriverError as error:
        print(error, file=sys.stderr)
        return FAILED
    except SettingsError as error:
        print(error, file=sys.stderr)
        return CONFIG
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return INTERRUPTED
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="evsed meter", description="Find a meter on a Modbus line, and read it.")
    commands = parser.add_subparsers(dest="command", required=True)
    scanning = commands.add_parser("scan", help="who is on this line")
    scanning.set_defaults(do=_scan)
    scanning.add_argument("place", metavar="PORT|HOST", help="/dev/ttyUSB0, meter.local, 10.0.0.7:502")
    scanning.add_argument("--quick", action="store_true", help="only the factory settings of the meters known")
    scanning.add_argument("--units", type=_units, metavar="1-247", help="which numbers to try")
    reading = commands.add_parser("read", help="what a meter says, each second")
    reading.set_defaults(do=_read)
    reading.add_argument(
        "what", nargs="?", metavar="MAP|EVSE", help="evsed meter maps lists the maps; sunspec finds its own way"
    )
    reading.add_argument("--port", metavar="PORT|HOST", help="where the meter is")
    reading.add_argument("--unit", type=int, choices=ALL_UNITS, metavar="N", help="its number (the factory's)")
    reading.add_argument("--baudrate", type=int, metavar="N", help="its speed (the factory's)")
    reading.add_argument("--parity", choices=("N", "E", "O"), help="its parity (the factory's)")
    reading.add_argument("--stopbits", type=int, choices=(1, 2), help="its stop bits (the factory's)")
    reading.add_argument("-c", "--config", metavar="FILE", help="read the meter of an EVSE as this file has it")
    reading.add_argument("--once", action="store_true", help="one reading")
    reading.add_argument("--raw", action="store_true", help="the registers too")
    listing = commands.add_parser("maps", help="the meters that evsed has a map for")
    listing.set_defaults(do=_maps)
    for each in (scanning, reading):
        each.add_argument("--framing", choices=("tcp", "rtu"), default="tcp", help="of a host; rtu: a serial server")
        each.add_argument("--timeout", type=int, default=200, metavar="MS", help="for an answer (200)")
    for each in (scanning, reading, listing):
        each.add_argument("--maps", default=MAPS, metavar="FOLDER", help=f"your own maps ({MAPS})")
        each.add_argument("--json", action="store_true", help="for machines")
    return parser


def _units(text: str) -> Sequence[int]:
    """ "7" or "1-247"."""
    first, _, last = text.partition("-")
    if not first.isdecimal() or not (last or first).isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no range. Examples: 7, 1-20")
    units = range(int(first), int(last or first) + 1)
    if not units or units[0] < ALL_UNITS[0] or units[-1] > ALL_UNITS[-1]:
        raise argparse.ArgumentTypeError(f"{text!r}: units are numbered 1 to 247, on networks to 255")
    return units


def _all_maps(folder: str) -> dict[str, RegisterMap]:
    """A wrong one is told, and left out."""
    maps = {}
    for name in available(folder):
        try:
            maps[name] = load(name, folder, "evsed meter")
        except DriverError as error:
            print(error, file=sys.stderr)
    return maps


# --- scan -------------------------------------------------------------------------------------------------------------


def _scan(arguments: argparse.Namespace) -> int:
    maps = _all_maps(arguments.maps)
    if is_port(arguments.place):
        steps = factory(arguments.place, maps)
    else:
        steps = network(host(arguments.place, arguments.framing, SCAN), maps)
    findings: list[Finding] = []
    tell, wipe = _progress()

    async def look() -> None:
        how = {"quick": arguments.quick, "units": arguments.units, "timeout_ms": arguments.timeout}
        async for finding in scan(steps, maps, SCAN, tell=tell, **how):
            findings.append(finding)
            wipe()
            if not arguments.json:
                print("\n".join(screen.found(finding, maps)), flush=True)

    try:
        asyncio.run(look())
    finally:
        wipe()
        if arguments.json:
            print(json.dumps([screen.as_json(finding) for finding in findings], indent=2))
    if not findings:
        print(f"{SCAN}: nobody answers at {arguments.place}. {_nobody(steps, arguments)}", file=sys.stderr)
        return FAILED
    if not arguments.json and (lines := list(screen.config(findings))):
        print("\nFor evsed.toml:\n")
        print("\n".join(lines))
    return 0


def _nobody(steps: dict[Place, list[int]], arguments: argparse.Namespace) -> str:
    if arguments.quick:
        return "Only factory settings were tried: leave out --quick to try all."
    if isinstance(next(iter(steps)), SerialPlace):
        return "Check the meter's power, whether A and B are swapped, and the adapter."
    other = "rtu" if arguments.framing == "tcp" else "tcp"
    return f"Check the units, and whether it wants --framing {other}."


def _progress() -> tuple[Callable[[Place, int, int, int], None], Callable[[], None]]:
    """Tells on standard error what is being asked: on one line of a terminal, else once for each speed."""
    terminal = sys.stderr.isatty()
    last: list[Place] = []

    def tell(place: Place, unit: int, done: int, total: int) -> None:
        if terminal:
            print(f"\r\x1b[K{done} of {total}: {place}, unit {unit} ...", end="", file=sys.stderr, flush=True)
        elif last != [place]:
            last[:] = [place]
            print(f"{done} of {total}: {place} ...", file=sys.stderr, flush=True)

    def wipe() -> None:
        if terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    return tell, wipe


# --- read -------------------------------------------------------------------------------------------------------------


def _read(arguments: argparse.Namespace) -> int:
    if (arguments.config is None) == (arguments.port is None):
        print(
            "evsed meter read: name a map and where the meter is (evsed meter read eastron-sdm630 --port "
            "/dev/ttyUSB0), or a config file (evsed meter read -c FILE [EVSE]).",
            file=sys.stderr,
        )
        return USAGE

    async def run() -> int:
        source = _by_config(arguments) if arguments.config is not None else _by_map(arguments)
        try:
            if arguments.raw and source.map is None:
                raise DriverError(
                    "evsed meter read: --raw shows the registers of a map, and this meter is read without."
                )
            how = {"once": arguments.once, "raw": arguments.raw, "as_json": arguments.json}
            return await show(source, every=1.0, **how)
        finally:
            source.close()

    return asyncio.run(run())


def _by_config(arguments: argparse.Namespace) -> Source:
    what = arguments.what
    if what is not None and not what.isdecimal():
        raise DriverError(f'evsed meter read: "{what}" is no EVSE\'s number; the map stands in {arguments.config}.')
    return by_config(load_settings(arguments.config), None if what is None else int(what))


def _by_map(arguments: argparse.Namespace) -> Source:
    name = arguments.what
    if name is None:
        raise DriverError("evsed meter read: name the meter's map before --port. evsed meter maps lists them.")
    place: Place
    if is_port(arguments.port):
        line = None if name == SUNSPEC else load(name, arguments.maps, "evsed meter read").line
        place = SerialPlace(
            arguments.port,
            arguments.baudrate or (line.baudrate if line else 9600),
            arguments.parity or (line.parity if line else "N"),
            arguments.stopbits or (line.stopbits if line else 1),
        )
    else:
        place = host(arguments.port, arguments.framing, "evsed meter read")
    return by_map(name, arguments.maps, place, arguments.unit, arguments.timeout)


# --- maps -------------------------------------------------------------------------------------------------------------


def _factory(line: Line) -> str:
    """How it leaves the factory."""
    ways = [f"{line.baudrate} 8{line.parity}{line.stopbits}"] if line.serial else []
    ways += [] if line.port is None else [f"TCP port {line.port}"]
    return f"unit {line.unit}, {' or '.join(ways)}"


def _maps(arguments: argparse.Namespace) -> int:
    maps = _all_maps(arguments.maps)
    if arguments.json:
        print(json.dumps([{"name": name, "title": its.title} for name, its in maps.items()], indent=2))
        return 0
    width = max(map(len, maps))
    for name, its in maps.items():
        print(f"{name:<{width}}  {its.title}  ({_factory(its.line)})")
    print(f'{SUNSPEC:<{width}}  any meter that describes itself by SunSpec (driver = "sunspec")')
    return 0
