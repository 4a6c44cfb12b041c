"""`evsed do`: has the running station do what only somebody who stands before it should want."""

from __future__ import annotations

import argparse
import os
import sys

from evsed.settings import Settings, SettingsError, load
from evsed.show import ask, no_answer

# what -> what it does
ORDERS = {
    "acknowledge": "end the latched faults of the EVSE, once their causes are gone",
    "selftest": "test the residual-current device now; no vehicle may be charging",
    "wake": "wake the vehicle that does not ask for what it is offered",
    "unlock": "unlock the plug; the contactor must be open",
    "new-contactor": "the contactor was replaced: begin its counters anew",
    "skip-delay": "charge at once instead of after the random delay that runs",
}


def main(argv: list[str]) -> int:
    """0: done; 1: refused, or no station answers; 2: a wrong command line; 78: the config file is wrong."""
    parser = argparse.ArgumentParser(
        prog="evsed do",
        description="Have the running station do something.",
        epilog="\n".join(f"  {what:<14} {does}" for what, does in ORDERS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", metavar="WHAT", choices=ORDERS, help=f"one of: {', '.join(ORDERS)}")
    parser.add_argument("evse", metavar="EVSE", nargs="?", type=int, help="its number; not needed where there is one")
    parser.add_argument("-c", "--config", default="/etc/evsed/evsed.toml", metavar="FILE")
    arguments = parser.parse_args(argv)
    try:
        settings = load(arguments.config)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 78
    evse = _meant(settings, arguments.evse)
    if evse is None:
        numbers = ", ".join(str(its.id) for its in settings.evses)
        print(f"evsed do: which EVSE? There are {numbers}: evsed do {arguments.what} NUMBER", file=sys.stderr)
        return 2
    path = os.path.join(settings.station.runtime, "station.sock")
    try:
        answer = ask(path, {"do": arguments.what, "evse": evse})
    except (OSError, ValueError) as error:
        print(no_answer("evsed do", path, error), file=sys.stderr)
        return 1
    why = answer.get("refused", answer.get("error"))
    if why is not None:
        print(f"evsed do: EVSE {evse}: {arguments.what} was refused: {why}", file=sys.stderr)
        return 1
    print(f"EVSE {evse}: {arguments.what}: done")
    return 0


def _meant(settings: Settings, number: int | None) -> int | None:
    """The EVSE of that number (the station refuses one that there is not), or the only one."""
    if number is not None:
        return number
    return settings.evses[0].id if len(settings.evses) == 1 else None
