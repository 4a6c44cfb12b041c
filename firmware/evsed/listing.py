"""`evsed drivers`: every driver there is, one line each."""

from __future__ import annotations

import argparse
import dataclasses
import json

from evse_drivers import registry


def main(argv: list[str]) -> int:
    """Print the list, or with --json one array of {kind, name, target, summary}; returns the exit code."""
    parser = argparse.ArgumentParser(prog="evsed drivers", description="List every driver, by kind and name.")
    parser.add_argument("--json", action="store_true", help="print one JSON array")
    options = parser.parse_args(argv)
    entries = sorted(registry.listing(), key=lambda entry: (registry.KINDS.index(entry.kind), entry.name))
    if options.json:
        print(json.dumps([dataclasses.asdict(entry) for entry in entries], indent=2))
        return 0
    kinds = max(len(entry.kind) for entry in entries)
    names = max(len(entry.name) for entry in entries)
    for entry in entries:
        print(f"{entry.kind:{kinds}}  {entry.name:{names}}  {entry.summary}")
    return 0
