"""The command `evsed`: finds the module of the named command, imports only that, and hands over its arguments."""

from __future__ import annotations

import sys
from importlib import import_module

EX_USAGE = 2

# command -> (module with `main(argv) -> exit code`, what it does)
COMMANDS = {
    "run": ("evsed.app", "the station: OCPP, cards, meters, limits         -c FILE"),
    "pilot": ("evsed.pilot.root", "the safety process: pilot lines and contactors   -c FILE [--release]"),
    "desk": ("evsed.desk.command", "a simulated wallbox, to try and to test with     --help tells more"),
    "check": ("evsed.check", "what a config file says, or all that is wrong    FILE"),
    "show": ("evsed.show", "the running station on one screen                [--json] [-c FILE]"),
    "record": ("evsed.record.command", "what the flight recorder has kept of a fault      show FILE | list"),
    "do": ("evsed.order", "acknowledge a fault, test, wake, unlock ...       WHAT [EVSE] [-c FILE]"),
    "meter": ("evsed.meter.command", "find a meter on a line, and read it               scan PORT | read MAP | maps"),
    "reader": ("evsed.reader", "what a card reader reads, in every format        [NAME] [-c FILE]"),
    "drivers": ("evsed.listing", "every driver that a config file can name         [--json]"),
    "reference": ("evsed.reference", "every option, or fault, as Markdown               [--faults]"),
    "signed": ("evsed.signed", "what meters have signed: list, or export          list | export TRANSACTION [-o FILE]"),
    "reset-variables": ("evsed.store.reset", "forget what the central system has set           -c FILE"),
}


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0 is success, 2 a wrong command line, 78 a wrong config file."""
    arguments = sys.argv[1:] if argv is None else argv
    name = arguments[0] if arguments else "--help"
    if name in ("-h", "--help", "help"):
        print(_help())
        return 0 if arguments else EX_USAGE
    if name in ("-V", "--version"):
        from evsed import __version__

        print(f"evsed {__version__}")
        return 0
    if name not in COMMANDS:
        print(_unknown(name), file=sys.stderr)
        return EX_USAGE
    code: int = import_module(COMMANDS[name][0]).main(arguments[1:])
    return code


def _help() -> str:
    rows = [f"  evsed {name:<16} {summary}" for name, (_, summary) in COMMANDS.items()]
    head = "evsed: open firmware for AC wallboxes.\n\nUsage: evsed COMMAND [ARGUMENTS]   or   evsed --version\n"
    return "\n".join([head, *rows])


def _unknown(name: str) -> str:
    import difflib

    close = difflib.get_close_matches(name, COMMANDS, n=1)
    advice = f'Did you mean "{close[0]}"?' if close else f"There are: {', '.join(COMMANDS)}."
    return f'evsed: there is no command "{name}". {advice}'


if __name__ == "__main__":
    sys.exit(main())
