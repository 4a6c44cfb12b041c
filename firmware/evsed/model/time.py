"""Instants: one per input, made by the shell's clock and handed to everything that is pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment on both clocks.

    `mono` (s) is CLOCK_MONOTONIC of this boot and orders everything; `utc` (s since 1970) is None until the clock
    has been found (no RTC before the Pi 5). What was recorded before is stamped later from `(boot, mono)`.
    """

    mono: float
    utc: float | None
    boot: int = 0
