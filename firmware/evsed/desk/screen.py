"""What the terminal shows of a running desk: scrolling lines of 100 columns, on a terminal with one of status below."""

from __future__ import annotations

import json
import re
import time
from typing import Any, TextIO

COLUMNS = 100
SAY_AGAIN = 2.0  # s between two status lines where there is no terminal to refresh one on

ARROWS = {"station": "-->", "csms": "<--"}


class Screen:
    """Lines carry the seconds since the start. `out` None: say nothing at all."""

    def __init__(self, out: TextIO | None) -> None:
        self.out = out
        self.began = time.monotonic()
        self._refreshes = out is not None and out.isatty()
        self._status = ""
        self._said: tuple[float, object] = (0.0, None)
        self._words: dict[int, str] = {}  # of each EVSE, without numbers that count down

    def line(self, text: str = "", *, at: float | None = None) -> None:
        """One line that stays."""
        if self.out is None:
            return
        clear = "\r\x1b[K" if self._refreshes else ""
        seconds = (time.monotonic() if at is None else at) - self.began
        head = f"{seconds:7.2f}  " if text else ""
        self.out.write(f"{clear}{head}{text}"[: COLUMNS + len(clear)] + "\n")
        if self._refreshes:
            self.out.write(self._status)
        self.out.flush()

    def plain(self, text: str) -> None:
        """Text as it is, without the clock."""
        if self.out is None:
            return
        self.out.write(("\r\x1b[K" if self._refreshes else "") + text + "\n")
        self.out.flush()

    def frame(self, frame: dict[str, Any]) -> None:
        """An OCPP message: an arrow for its direction, its action, as much of the payload as fits."""
        self.line(f"{ARROWS[frame['from']]} {_spoken(frame)}", at=frame["at"])

    def heard(self, show: dict[str, Any], evses: int) -> None:
        """A line when evsed has something new to say of an EVSE."""
        if not show.get("outlets") and not self._words:
            return  # it has just come up
        for evse in range(1, evses + 1):
            text = words(show, evse)
            plain = re.sub(r"\b[0-9.]+ s\b", "", text)
            if self._words.get(evse) != plain:
                self._words[evse] = plain
                self.line(f"    evsed on EVSE {evse}: {text}")

    def status(self, world: dict[str, Any], show: dict[str, Any] | None) -> None:
        """The wallbox now, by the world's instruments; the queue's depth is the station's own word."""
        if self.out is None:
            return
        outlets = world["evses"]
        text = "   ".join(_outlet(outlet, len(outlets) > 1) for outlet in outlets)
        queue = show.get("queue") if show is not None else None
        text += "   queue " + ("?" if queue is None else str(queue["depth"] if isinstance(queue, dict) else queue))
        now = time.monotonic()
        if self._refreshes:
            self._status = f"\r\x1b[K[{text}]"[: COLUMNS + 4]
            self.out.write(self._status)
            self.out.flush()
        else:
            charging = any(outlet["plugged"] for outlet in outlets)
            letters = tuple(state(outlet) for outlet in outlets)
            if letters != self._said[1] or (charging and now - self._said[0] >= SAY_AGAIN):
                self._said = (now, letters)
                self.line(f"    {text}")


def words(show: dict[str, Any], evse: int) -> str:
    """What evsed itself says of that EVSE, for whoever watches: why, and the limit that wins."""
    outlet, limit = show.get("outlets", {}).get(str(evse)), show.get("limits", {}).get(str(evse))
    if outlet is None:
        return "the station does not see its pilot"
    wins = f"; at most {limit['permitted']:g} A by {limit['wins']}" if limit and limit["permitted"] else ""
    fault = f"fault: {outlet['fault']}; " if outlet["fault"] else ""
    return f"{fault}{outlet['why']}{wins}"


def state(outlet: dict[str, Any]) -> str:
    """IEC 61851-1's name for what a voltmeter and a scope see on the pilot line: A1, B2, C2 ..."""
    high = outlet["high"]
    if high < -8:
        return "F"
    letter = next((letter for letter, least in (("A", 10.5), ("B", 7.5), ("C", 4.5), ("D", 1.5)) if high >= least), "E")
    offers = outlet["duty"] is not None and outlet["duty"] > 0
    return letter if letter == "E" else letter + ("2" if offers else "1")


def _outlet(outlet: dict[str, Any], several: bool) -> str:
    duty = f"{outlet['duty'] * 100:4.1f} %" if outlet["duty"] else "  no PWM"
    name = f"{outlet['evse']}: " if several else ""
    contactor = "closed" if outlet["closed"] else "open  "
    return (
        f"{name}{state(outlet)}  {outlet['high']:+5.1f}/{outlet['low']:+5.1f} V  {duty}  contactor {contactor}  "
        f"{max(outlet['amps']):4.1f} A  {outlet['watts'] / 1000:5.2f} kW  {outlet['energy_wh'] / 1000:.4f} kWh"
    )


def _spoken(frame: dict[str, Any]) -> str:
    try:
        parts = json.loads(frame["text"])
        payload = parts[-1] if frame["kind"] != "error" else parts[2:4]
    except (ValueError, LookupError):
        return f"garbage {frame['text']!r}"
    if isinstance(payload, dict):  # the line has a clock of its own
        payload = {name: value for name, value in payload.items() if name not in ("timestamp", "currentTime")}
    body = json.dumps(payload, separators=(",", ":"), ensure_ascii=False).replace('"', "")
    word = {"call": "", "result": " answer", "error": " ERROR"}.get(frame["kind"], " ?")
    return f"{frame['action'] or 'nobody asked:'}{word} {body}"
