"""The words of `evsed desk do`: each turns its arguments into one message for desk.sock."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from .control import Message, Refused

SWITCH = {"on": True, "off": False}
LINK = {"up": True, "down": False}
EV_KINDS = ("ventilation", "simplified", "sleeping")
ASK = {"on": True, "off": False, "auto": None}

HELP = """\
  plug [N]                    plug the cable into the vehicle of EVSE N (1)
  unplug [N]                  pull it out
  ask on|off|auto [N]         the vehicle closes S2, opens it, does as vehicles do
  card UID                    hold a card before the reader
  ev [--evse N] [--max-amps A] [--phases 1|2|3] [--mode auto|manual] [--battery-wh WH]
     [--ventilation on|off] [--simplified on|off] [--sleeping on|off] [--reaction S]
  toggle [N] [--times T] [--seconds S]   the vehicle's S2 closes and opens (BCB)
  mains on|off                the grid
  temperature CELSIUS [N]     what the sensor at the outlet shows
  fault                       the list of all that can be broken, and what evsed calls it then
  fault NAME on|off [N]       break something, or mend it
  pins hold|release           what outputs do when the pilot process dies
  link up|down                the central system's side of the network
  blackhole on|off            TCP stands and nothing comes through
  csms ACTION [JSON]          a call to the station, such as: csms GetConfiguration '{"key":[]}'
  behave JSON                 misbehave, such as: behave '{"how":"callerror","action":"Heartbeat"}'
  ledger                      what the central system knows of transactions
  power on|off                the supply of the controller: a power cut without warning
  kill pilot|station          SIGKILL; it stays dead
  start pilot|station         start it again
  stall pilot|station MS      it gets no time for so long (SIGSTOP, SIGCONT)
  break-latches               the pilot starts again and finds its file of latched faults unreadable
  wear                        the pilot starts again and finds its contactors worn out
  release                     what the service manager does after the pilot died: evsed pilot --release
  state                       everything in one answer
  send JSON                   any message for desk.sock
Before the word: --dir DIR, the folder of a desk; else the newest that runs is meant.
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Refused(f"{self.prog}: {message}.\nThe words:\n{HELP}")


def message(words: Sequence[str]) -> Message:
    """The message for these words, or Refused with the list of all."""
    if not words or words[0] not in _WORDS:
        found = f'there is no word "{words[0]}"' if words else "one word is needed"
        raise Refused(f"evsed desk do: {found}. The words:\n{HELP}")
    parser = _Parser(prog=f"evsed desk do {words[0]}", add_help=False)
    return _WORDS[words[0]](parser, words[1:])


def _fixed(do: str) -> Callable[[_Parser, Sequence[str]], Message]:
    def make(parser: _Parser, words: Sequence[str]) -> Message:
        parser.parse_args(words)
        return {"do": do}

    return make


def _evse(do: str) -> Callable[[_Parser, Sequence[str]], Message]:
    def make(parser: _Parser, words: Sequence[str]) -> Message:
        parser.add_argument("evse", type=int, nargs="?", default=1)
        return {"do": do, **vars(parser.parse_args(words))}

    return make


def _switch(do: str, field: str, choices: dict[str, Any], *, evse: bool = False) -> Any:
    def make(parser: _Parser, words: Sequence[str]) -> Message:
        parser.add_argument("word", choices=tuple(choices))
        if evse:
            parser.add_argument("evse", type=int, nargs="?", default=1)
        facts = vars(parser.parse_args(words))
        return {"do": do, field: choices[facts.pop("word")], **facts}

    return make


def _card(parser: _Parser, words: Sequence[str]) -> Message:
    parser.add_argument("uid")
    return {"do": "card", **vars(parser.parse_args(words))}


def _ev(parser: _Parser, words: Sequence[str]) -> Message:
    parser.add_argument("--evse", type=int, default=1)
    parser.add_argument("--max-amps", type=float)
    parser.add_argument("--phases", type=int, choices=(1, 2, 3))
    parser.add_argument("--mode", choices=("auto", "manual"))
    parser.add_argument("--battery-wh", type=float)
    parser.add_argument("--reaction", type=float)
    for kind in EV_KINDS:
        parser.add_argument(f"--{kind}", choices=tuple(SWITCH))
    facts = {name: value for name, value in vars(parser.parse_args(words)).items() if value is not None}
    return {"do": "ev", **{name: SWITCH[value] if name in EV_KINDS else value for name, value in facts.items()}}


def _toggle(parser: _Parser, words: Sequence[str]) -> Message:
    parser.add_argument("evse", type=int, nargs="?", default=1)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.3)
    return {"do": "toggle", **vars(parser.parse_args(words))}


def _temperature(parser: _Parser, words: Sequence[str]) -> Message:
    parser.add_argument("celsius", type=float)
    parser.add_argument("evse", type=int, nargs="?", default=1)
    return {"do": "temperature", **vars(parser.parse_args(words))}


def _stall(parser: _Parser, words: Sequence[str]) -> Message:
    parser.add_argument("process", choices=tuple(_PROCESS))
    parser.add_argument("ms", type=float)
    facts = vars(parser.parse_args(words))
    return {"do": "stall", "process": facts["process"], "seconds": facts["ms"] / 1000.0}


def _fault(parser: _Parser, words: Sequence[str]) -> Message:
    parser.add_argument("name")
    parser.add_argument("on", choices=tuple(SWITCH))
    parser.add_argument("evse", type=int, nargs="?", default=1)
    facts = vars(parser.parse_args(words))
    return {"do": "fault", **facts, "on": SWITCH[facts["on"]]}


def _csms(parser: _Parser, words: Sequence[str]) -> Message:
    parser.add_argument("action")
    parser.add_argument("payload", nargs="?", default="{}")
    parser.add_argument("--station")
    facts = vars(parser.parse_args(words))
    if facts["station"] is None:
        del facts["station"]
    return {"do": "csms", **facts, "payload": _json(facts["payload"])}


def _behave(parser: _Parser, words: Sequence[str]) -> Message:
    parser.add_argument("rule")
    return {"do": "behave", **_json(parser.parse_args(words).rule)}


def _send(parser: _Parser, words: Sequence[str]) -> Message:
    parser.add_argument("message")
    return dict(_json(parser.parse_args(words).message))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise Refused(f"{text}: not JSON ({error}); the shell may have eaten the quotes.") from None


_PROCESS = {"pilot": "pilot", "station": "station"}
_WORDS: dict[str, Callable[[_Parser, Sequence[str]], Message]] = {
    "plug": _evse("plug"),
    "unplug": _evse("unplug"),
    "ask": _switch("ask", "on", ASK, evse=True),
    "card": _card,
    "ev": _ev,
    "toggle": _toggle,
    "temperature": _temperature,
    "mains": _switch("mains", "on", SWITCH),
    "fault": _fault,
    "pins": _switch("pins", "mode", {"hold": "hold", "release": "release"}),
    "link": _switch("link", "up", LINK),
    "blackhole": _switch("blackhole", "on", SWITCH),
    "csms": _csms,
    "behave": _behave,
    "ledger": _fixed("ledger"),
    "power": _switch("power", "on", SWITCH),
    "kill": _switch("kill", "process", _PROCESS),
    "start": _switch("start", "process", _PROCESS),
    "stall": _stall,
    "break-latches": _fixed("break-latches"),
    "wear": _fixed("wear"),
    "release": _fixed("release"),
    "state": _fixed("state"),
    "send": _send,
}
