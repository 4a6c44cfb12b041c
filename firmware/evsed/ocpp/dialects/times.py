"""UTC as OCPP writes it, and the many ways in which central systems do."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

_TIME = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[Tt ](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?"
    r"\s*(?P<zone>[Zz]|[+-]\d\d(?::?\d\d)?)?"
)


def spell_time(utc: float) -> str:
    """`utc` (s since 1970) as "2026-11-21T08:05:00.123Z"."""
    moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=round(utc * 1000))
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_time(text: str) -> float:
    """Seconds since 1970. Any offset and any number of decimals; without an offset UTC is meant. ValueError else."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text[:40]!r} is no time like 2026-11-21T08:05:00Z")
    second = min(int(found["second"] or 0), 59)  # a leap second is as good as the one before it
    try:
        day = datetime.fromisoformat(found["day"])
        moment = day.replace(hour=int(found["hour"]), minute=int(found["minute"]), second=second, tzinfo=_zone(found))
        return moment.timestamp() + float(f"0.{found['fraction'] or 0}")
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text[:40]!r} is no time: {error}") from None


def _zone(found: re.Match[str]) -> timezone:
    zone = found["zone"]
    if zone is None or zone in "Zz":
        return UTC
    digits = zone[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return timezone(-offset if zone[0] == "-" else offset)
