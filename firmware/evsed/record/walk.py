"""A record in words: one line for each change of row, offer, contactor, lock or fault, timed from the fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from math import isnan

from .reading import Record

LATE = 0.050  # s without a sample
WORDS = {
    "A1": "no vehicle",
    "B1": "a vehicle is plugged, no offer",
    "B2": "offer of {offer}",
    "C1": "the vehicle asks, no offer",
    "C2": "the vehicle asks under an offer of {offer}",
    "C2 on": "energy at no more than {offer}",
    "C1 on": "the offer is withdrawn, the vehicle has 6 s to open S2",
    "D1": "the vehicle asks for ventilation, no offer",
    "D2": "the vehicle asks for ventilation under an offer of {offer}",
    "D2 on": "energy with ventilation at no more than {offer}",
    "D1 on": "the offer is withdrawn, the vehicle has 6 s to open S2",
    "E": "the pilot stands at a level that no vehicle makes",
    "F": "the pilot is put to {rest}",
}


def title(record: Record) -> str:
    """Which outlet, and what happened."""
    return f"EVSE {record.evse}: {record.fault}"


def when(record: Record) -> str:
    """When, and by which program."""
    known = record.utc is not None
    utc = datetime.fromtimestamp(record.utc or 0.0, UTC).isoformat(sep=" ", timespec="milliseconds")[:-6] + " UTC"
    about = record.about
    when = utc if known else "at a time that the clock did not know"
    return f"{when}; firmware {about['release']}, config {about['config']}, pilot {about['boot']}"


def reaction(record: Record) -> str:
    """How long the contactor took to open after the fault."""
    first = next((place for place, time in enumerate(record.time) if time >= 0.0), None)
    if first is None:
        return "the record ends before the fault"
    if not record.told[first] and not (first and record.told[first - 1]):
        welded = record.mirror[first]
        return "the contactor was told to be open" + (", and its mirror contact said closed" if welded else "")
    told = _first(record, first, lambda place: not record.told[place])
    if told is None:
        return "the contactor was not told to open"
    text = f"contactor told to open {_ms(record.time[told])} after the fault"
    if record.mirror[told] is None:
        return text
    opened = _first(record, told, lambda place: record.mirror[place] is False)
    if opened is None:
        return f"{text}, still closed when the record ends {_ms(record.time[-1])} after it"
    return f"{text}, open {_ms(record.time[opened])} after it"


def walk(record: Record) -> Iterator[str]:
    """The lines."""
    yield title(record)
    yield when(record)
    before, after = max(0.0, -record.time[0]), max(0.0, record.time[-1])
    yield f"{len(record.time)} samples: {before:.1f} s before the fault, {after:.1f} s after it; {reaction(record)}"
    yield ""
    for place in range(len(record.time)):
        words = _first_words(record) if not place else _changes(record, place)
        if words:
            yield f"{record.time[place]:+10.3f} s  {record.row[place]:5}  {_volts(record, place)}  {'; '.join(words)}"


def _first_words(record: Record) -> list[str]:
    words = [_row(record, 0), f"contactor {_position(record.told[0])}"]
    if record.mirror[0] is not None and record.mirror[0] is not record.told[0]:
        words.append(f"its mirror contact says {_position(record.mirror[0])}")
    if record.locked[0] is not None:
        words.append("plug locked" if record.locked[0] else "plug unlocked")
    if record.standing[0]:
        words.append(f"fault: {record.standing[0]}")
    return words


def _changes(record: Record, place: int) -> list[str]:
    """What differs from the sample before."""
    was, words = place - 1, list[str]()
    gap = record.time[place] - record.time[was]
    if gap > LATE:
        words.append(f"no sample for {gap * 1000:.0f} ms: the loop was late")
    fault = record.standing[place]
    if fault != record.standing[was]:
        words.append(f"FAULT: {fault}" if fault else f"the fault has gone: {record.standing[was]}")
    if record.row[place] != record.row[was]:
        words.append(_row(record, place))
    elif record.offered[place] != record.offered[was]:
        words.append(f"offer {record.offered[was]:.1f} A -> {record.offered[place]:.1f} A")
    if record.told[place] is not record.told[was]:
        words.append(f"contactor told to {'close' if record.told[place] else 'open'}")
    if record.mirror[place] is not record.mirror[was]:
        mirror = record.mirror[place]
        words.append("no word of the mirror contact" if mirror is None else f"mirror contact: {_position(mirror)}")
    if record.locked[place] is not record.locked[was]:
        words.append("plug locked" if record.locked[place] else "plug unlocked")
    return words


def _row(record: Record, place: int) -> str:
    offer = f"{record.offered[place]:.1f} A"
    rest = "+12 V" if isnan(record.duty[place]) else "-12 V"  # some vehicles are not shown -12 V
    return WORDS.get(record.row[place], "unknown row").format(offer=offer, rest=rest)


def _volts(record: Record, place: int) -> str:
    high, low = record.high[place], record.low[place]
    if isnan(high):
        return "   no sample   "
    return f"{high:+5.1f} / {low:+5.1f} V"


def _position(closed: bool | None) -> str:
    return "closed" if closed else "open"


def _ms(seconds: float) -> str:
    return f"{max(0.0, seconds) * 1000:.0f} ms"


def _first(record: Record, begin: int, holds: Callable[[int], bool]) -> int | None:
    return next((place for place in range(begin, len(record.time)) if holds(place)), None)
