"""`evsed reader`: what a card reader reads, and what the central system would be told in every format of [cards]."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Callable, Iterator
from textwrap import wrap

from evse_drivers.api import DriverError, Uid

from evsed.hardware import Hardware
from evsed.model import cards
from evsed.settings import CardSettings, Settings, SettingsError, load
from evsed.show import ask

FAILED, USAGE, CONFIG, INTERRUPTED = 1, 2, 78, 130


def main(argv: list[str]) -> int:
    """0: read (--once); 1: it cannot be; 2: a wrong command line; 78: the config file is wrong; 130: interrupted."""
    parser = argparse.ArgumentParser(
        prog="evsed reader", description="Show the cards that are held before a reader. The station must not run."
    )
    parser.add_argument("name", metavar="NAME", nargs="?", help="of [reader.NAME]; not needed where there is one")
    parser.add_argument("-c", "--config", default="/etc/evsed/evsed.toml", metavar="FILE")
    parser.add_argument("--once", action="store_true", help="end after the first card")
    arguments = parser.parse_args(argv)
    try:
        settings = load(arguments.config)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return CONFIG
    name, why = _meant(settings, arguments.name)
    if why:
        print(f"evsed reader: {why}", file=sys.stderr)
        return USAGE
    if _station_runs(settings):
        print(
            "evsed reader: the station is running, and its readers are its own. Stop it first: systemctl stop evsed",
            file=sys.stderr,
        )
        return FAILED
    # The reader's troubles come by on_heard, which a technician need not read twice.
    logging.getLogger("evse_drivers").addHandler(logging.NullHandler())
    try:
        asyncio.run(_watch(settings, name, arguments.once))
    except DriverError as error:
        print(error, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return INTERRUPTED
    return 0


def _meant(settings: Settings, name: str | None) -> tuple[str, str]:
    """The reader's name, and why there is none."""
    names = list(settings.readers)
    if not names:
        return "", f"there is no [reader.NAME] in {settings.path}."
    if name is None and len(names) == 1:
        return names[0], ""
    if name in names:
        return str(name), ""
    there = f"There are: {', '.join(names)}."
    return "", f"which reader? {there}" if name is None else f"there is no [reader.{name}]. {there}"


def _station_runs(settings: Settings) -> bool:
    try:
        ask(os.path.join(settings.station.runtime, "station.sock"), {"show": True})
    except (OSError, ValueError):
        return False
    return True


async def _watch(settings: Settings, name: str, once: bool) -> None:
    hardware = Hardware(settings)
    try:
        reader = hardware.reader(name)
        tell = _teller(name)
        if hasattr(reader, "on_heard"):
            reader.on_heard = tell
        else:
            tell(None)
        tokens = reader.tokens()
        try:
            async for uid in tokens:
                print("\n".join(screen(uid, settings.cards)), flush=True)
                if once:
                    return
        finally:
            await reader.close()
            await tokens.aclose()  # type: ignore[attr-defined]
    finally:
        hardware.close()


def _teller(name: str) -> Callable[[str | None], None]:
    def tell(why: str | None) -> None:
        if why is None:
            print(f"reader.{name}: hold a card before it. Ctrl-C ends this.", file=sys.stderr, flush=True)
        else:
            print(why, file=sys.stderr, flush=True)

    return tell


def screen(uid: Uid, form: CardSettings) -> Iterator[str]:
    """One card, in the technician's words; ">" stands before what [cards] makes of it."""
    chosen = cards.token(uid, form)
    yield f"{' '.join(wrap(uid.hex, 2))}   {len(uid.hex) // 2} bytes, {uid.kind}: told as {chosen.id} ({chosen.kind})"
    odd = cards.oddity(uid, form)
    if odd:
        yield f"  {odd}"
    yield f"  {'length':9}{'byte_order':14}{'notation = hex':24}notation = decimal"
    for length, order, *ids in cards.table(uid.hex, form.case):
        marked = ["> " + id if id == chosen.id else "  " + id for id in ids]
        yield f"  {length:9}{order:12}{marked[0]:24}{marked[1]}"
    yield ""
