"""`evsed reset-variables -c FILE`: forgets what the central system set, so that the presets of the file hold again."""

from __future__ import annotations

import argparse
import sys

from evsed import settings
from evsed.model.journal import Forget

from .database import Store
from .migrations import StoreError


def reset(folder: str) -> int:
    """Removes every saved variable from the database in `folder`; returns how many. Raises StoreError."""
    store = Store.open(folder)
    number = len(store.things("variable"))
    store.submit([Forget("variable", None)])
    if not store.close():
        raise StoreError(f"{store.path}: the disk did not take the change within 5 s; check that it is not full.")
    return number


def main(argv: list[str]) -> int:
    """Exit code 0, or 78 with the reason on standard error."""
    parser = argparse.ArgumentParser(prog="evsed reset-variables", description=__doc__)
    parser.add_argument("-c", "--config", default="/etc/evsed/evsed.toml", metavar="FILE")
    given = parser.parse_args(argv)
    try:
        number = reset(settings.load(given.config).station.state)
    except (settings.SettingsError, StoreError) as error:
        print(error, file=sys.stderr)
        return 78  # EX_CONFIG
    print(f"{number} variables forgotten; the presets of {given.config} hold from the next start on.")
    return 0
