"""`evsed record show FILE | list`: what the flight recorder has kept of a fault, as a picture and in words."""

from __future__ import annotations

import argparse
import os
import sys

from evsed.pilot.recorder import ENDING
from evsed.settings import SettingsError, load

from .drawing import picture
from .reading import RecordError, read
from .walk import title, walk

CONFIG = 78
MOST_AROUND = 180.0  # s


def main(argv: list[str]) -> int:
    """0: shown; 1: the file cannot be read or the picture not be written; 2: wrong call; 78: wrong config file."""
    parser = argparse.ArgumentParser(prog="evsed record", description="What the flight recorder has kept of a fault.")
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser("show", help="the walk in words, and a picture")
    show.add_argument("file")
    show.add_argument("-o", "--output", metavar="OUT.svg", help="where to draw it; default: no picture")
    show.add_argument("--before", type=_seconds, default=0.5, metavar="S", help="begin of the close view (0.5)")
    show.add_argument("--after", type=_seconds, default=1.0, metavar="S", help="end of the close view (1)")
    there = commands.add_parser("list", help="the records there are, the newest first")
    there.add_argument("-c", "--config", default="/etc/evsed/evsed.toml", metavar="FILE")
    arguments = parser.parse_args(argv)
    if arguments.command == "list":
        return _list(arguments.config)
    return _show(arguments.file, arguments.output, arguments.before, arguments.after)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.02 <= seconds <= MOST_AROUND:
        raise argparse.ArgumentTypeError(f"{text} s: 0.02 to {MOST_AROUND:g} are possible")
    return seconds


def _show(path: str, output: str | None, before: float, after: float) -> int:
    try:
        record = read(path)
    except RecordError as error:
        print(f"evsed record: {error}", file=sys.stderr)
        return 1
    if record.damage:
        print(f"evsed record: {record.damage}", file=sys.stderr)
    print("\n".join(walk(record)))
    if output is None:
        return 0
    try:
        with open(output, "w", encoding="utf-8") as file:
            file.write(picture(record, before, after))
    except OSError as error:
        print(f"evsed record: {output}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def _list(config: str) -> int:
    try:
        settings = load(config)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return CONFIG
    folder = os.path.join(settings.station.state, "records")
    try:
        found = [entry for entry in os.scandir(folder) if entry.name.endswith(ENDING)]
    except FileNotFoundError:
        found = []
    except OSError as error:
        print(f"evsed record: {folder}: {error.strerror}", file=sys.stderr)
        return 1
    if not found:
        print(f"no records in {folder}: no fault has asked for one")
    for entry in sorted(found, key=lambda entry: entry.stat().st_mtime_ns, reverse=True):
        try:
            what = title(read(entry.path))
        except RecordError as error:
            what = str(error).removeprefix(f"{entry.path}: ")
        print(f"{entry.path}  {entry.stat().st_size / 1024:.0f} KiB  {what}")
    return 0
