"""The command `evsed check FILE`: what a config file says, or all that is wrong with it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from textwrap import wrap

from evse_drivers.api import Uid
from evse_drivers.registry import find

from evsed.model.cards import token
from evsed.presets import refused
from evsed.settings import BoardSettings, EvseSettings, Part, Settings, SettingsError, SupervisionSettings, load
from evsed.settings.problems import secret_preset, table

SAMPLE = Uid("04A1B2C3D4E5F6")  # of a reader that has none of its own


def main(argv: list[str]) -> int:
    """0: the file can be used; 1: it cannot, and standard error says why."""
    parser = argparse.ArgumentParser(prog="evsed check", description="What a config file says, or what is wrong.")
    parser.add_argument("file", nargs="?", default="/etc/evsed/evsed.toml")
    arguments = parser.parse_args(argv)
    try:
        settings = load(arguments.file, refused)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(summary(settings)))
    return 0


def summary(settings: Settings) -> Iterator[str]:
    """What was understood, in the technician's words."""
    station, ocpp, lease = settings.station, settings.ocpp, settings.lease
    yield f"{settings.path}: can be used (pilot's digest {settings.digest})."
    yield ""
    yield f"station   {station.vendor} {station.model}, serial {station.serial}, firmware {station.firmware}"
    if settings.board is not None:
        yield f"board     {settings.board.title} ({settings.board.path})"
    yield f"supply    {station.max_current:g} A per phase for all outlets, {station.nominal_voltage:g} V"
    if ocpp.url:
        login = "with a password" if ocpp.password else "without a password"
        yield f"central   {ocpp.url} as {ocpp.identity}, OCPP {' or '.join(ocpp.versions)}, {login}"
    else:
        yield "central   none"
    for name, value in {**ocpp.keys, **ocpp.variables}.items():
        yield f"preset    {name} = {'...' if secret_preset(name) else value}"
    if lease.when_station_is_gone == "go on":
        yield f"lease     without the station a charge goes on for {lease.go_on_minutes:g} min at most"
    else:
        yield "lease     without the station a charge ends"
    for evse in settings.evses:
        yield from _outlet(evse)
    yield from _watched(settings.supervision)
    if settings.heartbeat is not None:
        yield f"heartbeat {_part(settings.heartbeat.part)}, every {settings.heartbeat.every:g} ms"
    for name, sensor in settings.thermometers.items():
        meant = ", ".join(map(str, sensor.evses)) or "all"
        yield f"sensor    {name}: {_part(sensor.part)}, for evse {meant}"
    for name, reader in settings.readers.items():
        meant = ", ".join(map(str, reader.evses)) or "all"
        yield f"reader    {name}: {_part(reader.part)}, for evse {meant}"
        sample = getattr(find("reader", reader.part.driver), "sample", SAMPLE)
        spaced = " ".join(wrap(sample.hex, 2))
        yield f"          the card {spaced} would be told as {token(sample, settings.cards).id}"
    for name, button in settings.buttons.items():
        meant = ", ".join(map(str, button.evses)) or "all"
        does = f"card {button.token}" if button.does == "card" else button.does
        yield f"button    {name}: {_part(button.part)}, {does}, for evse {meant}"
    for name, light in settings.lights.items():
        meant = ", ".join(map(str, light.evses)) or "all"
        shows = [f"on: {', '.join(light.shows)}"] * bool(light.shows)
        shows += [f"blinks: {', '.join(light.blinks)}"] * bool(light.blinks)
        yield f"light     {name}: {_part(light.part)}, {'; '.join(shows)}, for evse {meant}"
    for name, bus in settings.buses.items():
        yield f"bus       {name}: {_part(bus)}"
    if settings.warnings:
        yield ""
        yield "It is odd, though, that"
        yield from table(settings.warnings)


def _outlet(evse: EvseSettings) -> Iterator[str]:
    phases = "1 phase" if evse.phases == 1 else f"{evse.phases} phases"
    without = _without_station(evse.board) if evse.board else f"{evse.failsafe_current:g} A without the station"
    yield f"evse {evse.id}    {evse.connector}, {phases}, {evse.max_current:g} A at most, {without}"
    if evse.board:
        yield "          its board drives the pilot: the timings of IEC 61851-1 are the board's, not checked here"
    for part in evse.parts():
        yield f"          {part.where.rpartition('.')[2]}: {_part(part)}{_rcd(evse) if part.kind == 'rcd' else ''}"


def _without_station(board: BoardSettings) -> str:
    """What becomes of a charge when evsed dies."""
    if board.nobody_watches:
        return "GOES ON WITH ITS LAST CURRENT WITHOUT THE STATION, unsupervised"
    if board.keeps_current:
        return f"switched off without the station by: {board.off_path.strip()}"
    if board.fallback is None:
        return "the board's own watchdog decides without the station"
    does = f"offers {board.fallback:g} A at most" if board.fallback else "stops"
    return f"{does} without the station, by its own watchdog"


def _rcd(evse: EvseSettings) -> str:
    assert evse.rcd is not None
    coil = "its trip cuts the coil" if evse.rcd.cuts_coil else "ONLY SOFTWARE OPENS THE CONTACTOR WHEN IT TRIPS"
    return f", {evse.rcd.module}, {coil}"


def _watched(rules: SupervisionSettings) -> Iterator[str]:
    """What meter and temperature are held against, as far as they tell it."""
    found = (
        rules.overcurrent and "overcurrent",
        f"silent meter ({rules.meter_silent})",
        f"heat (stop at {rules.stop_at:g} °C)",
        rules.undervoltage and f"undervoltage ({rules.undervoltage:g} %)",
        rules.overvoltage and f"overvoltage ({rules.overvoltage:g} %)",
        rules.phase_loss and "lost phase",
        rules.phase_rotation != "any" and f"rotation {rules.phase_rotation}",
        rules.max_unbalance and f"unbalance {rules.max_unbalance:g} A",
        rules.pen_fault and "PEN fault",
        f"frequency ({rules.lowest_frequency:g} to {rules.highest_frequency or float('inf'):g} Hz)",
        rules.droop and "droop",
        rules.random_delay and f"random delay up to {rules.random_delay} s",
    )
    yield "watched   " + ", ".join(word for word in found if word)


def _part(part: Part) -> str:
    occupied = ", ".join(part.claims)
    name = f"{part.driver} on {part.bus}" if part.bus else part.driver
    return f"{name} ({occupied})" if occupied else name
