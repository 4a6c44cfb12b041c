"""`evsed show`: the running station on one screen, or as JSON."""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from evsed.settings import UNSUPERVISED, SettingsError, load

TIMEOUT = 5.0  # s
View = dict[str, Any]


def main(argv: list[str]) -> int:
    """0: shown; 1: no station answers; 78: the config file is wrong."""
    parser = argparse.ArgumentParser(prog="evsed show", description="The running station on one screen.")
    parser.add_argument("-c", "--config", default="/etc/evsed/evsed.toml", metavar="FILE")
    parser.add_argument("--json", action="store_true", help="one JSON object, for machines")
    arguments = parser.parse_args(argv)
    try:
        settings = load(arguments.config)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 78
    path = os.path.join(settings.station.runtime, "station.sock")
    try:
        view = ask(path, {"show": True})
    except (OSError, ValueError) as error:
        print(no_answer("evsed show", path, error), file=sys.stderr)
        return 1
    print(json.dumps(view, indent=2) if arguments.json else "\n".join(screen(view)))
    return 0


def ask(path: str, question: View) -> View:
    """What the station behind that socket answers; OSError or ValueError if none does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(TIMEOUT)
        connection.connect(path)
        connection.sendall(json.dumps(question).encode() + b"\n")
        with connection.makefile() as lines:
            answer: View = json.loads(lines.readline())
            return answer


def no_answer(command: str, path: str, error: OSError | ValueError) -> str:
    """The words for that."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"{command}: no station answers at {path} ({reason}). Is evsed running?"


def screen(view: View) -> Iterator[str]:
    """The lines of the screen."""
    clock, link = view["clock"], view["link"]
    utc = datetime.fromtimestamp(clock["utc"], UTC).isoformat(sep=" ", timespec="seconds") if clock["known"] else ""
    yield f"station {view['station']}   {utc or 'the clock is not known yet'}"
    yield f"link    {_link(link, view['registration'])}"
    dead = f", {view['dead_letters']} given up (dead letters)" if view["dead_letters"] else ""
    yield f"queue   {view['queue']} report(s) to be sent{dead}"
    if pilot := view["pilot"]:
        yield f"pilot   {_on_time(pilot)}"
    for number in view["unsupervised"]:
        yield f"WARNING EVSE {number}: {UNSUPERVISED}"
    yield from _wrong("", view["faults"]["0"])
    for profile in view["profiles"]["profiles"]:
        yield (
            f"profile {profile['purpose']} {profile['id']} for EVSE {profile['evse'] or 'all'}: stack level "
            f"{profile['stack_level']}, {profile['periods']} period(s) in {profile['unit']}"
        )
    for number in view["sessions"]:
        yield ""
        yield from _evse(number, view)


def _link(link: View, registration: View) -> str:
    if not link["url"]:
        return "no central system is set"
    if link["connected"]:
        answer = registration["answer"] or "not answered yet"
        return f"OCPP {link['version']} at {link['url']} since {link['up_s']:.0f} s, boot notification: {answer}"
    return f"down; {link['last_error'] or 'connecting to ' + link['url']}"


def _evse(number: str, view: View) -> Iterator[str]:
    session, limits, pilot = view["sessions"][number], view["limits"][number], view["outlets"].get(number)
    if pilot is None:
        yield f"EVSE {number}  its pilot is not heard"
    else:
        duty = "no PWM" if pilot["duty"] is None else f"{pilot['duty']:.1%} duty"
        closed = "closed" if pilot["closed"] else "open"
        # a board tells its state, and seldom the pilot's levels
        line = f"{pilot['offered']:g} A offered" if pilot["volts"] is None else f"{pilot['volts']:+.1f} V  {duty}"
        state = f"{pilot['state']}  {line}"
        yield f"EVSE {number}  {state}  contactor {closed}  {session['phase']}"
    yield from _wrong("  ", view["faults"][number], number)
    yield f"  why        {_why(number, view)}"
    rows = [f"{limit['amps']:g} A {limit['source']}" for limit in limits["limits"]]
    yield f"  limits     {' | '.join(rows)}   permitted: {limits['permitted']:g} A"
    if meter := view["metering"].get(number):
        yield f"  meter      {_meter(meter)}"
        for name, its in meter.get("doubted", {}).items():
            times = f"{its['times']} times" if its["times"] > 1 else "once"
            yield f"  doubted    {name}, {times} since the start; the last time {its['why']}"
    if celsius := view["supervision"][number]["celsius"]:
        yield f"  heat       {', '.join(f'{name} {_degrees(value)}' for name, value in celsius.items())}"
    if pilot is not None:
        yield from _hardware(pilot)
    if transaction := session["transaction"]:
        energy = "energy unknown" if transaction["energy_wh"] is None else f"{transaction['energy_wh'] / 1000:.3f} kWh"
        since = "" if transaction["since_s"] is None else f" in {transaction['since_s']:.0f} s"
        state = f", {session['charging_state']}"
        yield f"  charge     {energy}{since}{state}, token {session['token']}, transaction {transaction['id']}"


def _wrong(indent: str, rows: list[View], number: str = "") -> Iterator[str]:
    """What stands, the weightiest first, and what to do about it."""
    width = 8 if not indent else 11
    for row in rows:
        word = "warning" if row["warning"] else "FAULT"
        yield f"{indent}{word:<{width}}{row['name']}: {row['text']} {row['info']}".rstrip()
        after = row["again"] or {"acknowledge": f"latched: evsed do acknowledge {number}"}.get(row["clears"], "")
        yield f"{indent}{'':<{width}}{row['check']}{f' ({after.strip()})' if after else ''}"


def _on_time(pilot: View) -> str:
    """How much the pilot process is on time, and what keeps it from it."""
    if not pilot["connected"]:
        return "the pilot process is not there"
    told = ["it runs on other settings than the station: restart evsed-pilot"] if pilot["differs"] else []
    if (health := pilot["health"]) is None:
        return "; ".join([*told, "how much it is on time it has not told yet"])
    late = f"{health['missed']} ticks" if health["missed"] != 1 else "1 tick"
    words = f"{late} later than 50 ms" if health["missed"] else "no tick later than 50 ms"
    told += [f"worst gap {health['worst_gap_ms']:.1f} ms, {words} of {sum(health['gaps'].values())}"]
    return "; ".join([*told, health["realtime"]] if health["realtime"] else told)


def _hardware(pilot: View) -> Iterator[str]:
    """Contactor, phases, residual-current device, and what was odd on the pilot line."""
    openings = f"{pilot['hot_openings']} times opened under load and {pilot['cold_openings']} times without"
    if pilot["closings"]:
        yield f"  contactor  {pilot['closings']} times closed, {openings}: {pilot['wear']:.1%} worn"
    odd = [f"{pilot['phases']} phase(s) through the relay"] if pilot["phases"] else []
    odd += ["no S2 in this vehicle"] if pilot["simplified"] else []
    odd += [f"{pilot['glitches']} glitch(es)"] if pilot["glitches"] else []
    odd += [f"{pilot['toggles']} BCB pulse(s)"] if pilot["toggles"] else []
    if odd:
        yield f"  pilot      {', '.join(odd)}"
    if pilot["testing"]:
        yield "  RCD        its self-test runs"
    elif pilot["tested_at"] is not None:
        yield f"  RCD        tested {_ago(pilot['at'] - pilot['tested_at'])} ago"


def _degrees(celsius: float | None) -> str:
    return "does not answer" if celsius is None else f"{celsius:.1f} °C"


def _ago(seconds: float) -> str:
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _why(number: str, view: View) -> str:
    """Why it is, or is not, charging."""
    session, limits, pilot = view["sessions"][number], view["limits"][number], view["outlets"].get(number)
    if pilot is None:
        return "nothing can be charged without its pilot"
    if pilot["closed"]:
        return f"charging at no more than {pilot['offered']:g} A: {limits['wins']} is the smallest limit"
    if faults := [row["name"] for row in view["faults"][number] if not row["warning"]]:
        return f"fault: {', '.join(faults)}"
    if session["why"]:
        return str(session["why"])
    if delay := view["randomdelay"][number]["remaining_s"]:
        return f"charges in {delay} s, after a random delay (at once: evsed do skip-delay {number})"
    if not limits["permitted"]:
        return f"less than 6 A are left by {limits['wins']}"
    return str(pilot["why"])


def _meter(meter: View) -> str:
    reading = meter["reading"]
    if reading is None:
        return f"no believable reading: {meter['why'] or 'none yet'}"
    amps = " ".join("-" if value is None else f"{value:.1f}" for value in reading["amps"])
    power = "" if reading["watts"] is None else f"  {reading['watts'] / 1000:.2f} kW"
    register = "" if reading["import_wh"] is None else f"{reading['import_wh'] / 1000:.3f} kWh"
    trouble = f"  ({meter['why']})" if meter["why"] else ""
    return f"{register}{power}  {amps} A  {meter['age_s']:.1f} s ago{trouble}"
