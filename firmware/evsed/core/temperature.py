"""Heat: the current is lowered in steps, and in the end the charge stops.

Theory of operation. Of n steps each that has been reached takes 1/(n+1) of the outlet's current away, never below 6 A;
at `stop_at` nothing is offered. A step, and the stop, is left 5 K below where it was reached. Both want two readings in
a row: some sensors say 85 °C once after their supply has blinked. A sensor that has been silent for 15 s counts as if
the last step were reached, for nobody knows how hot it is. The hottest of several sensors counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from .conditions import Rule

SOURCE = "temperature"
STOP, DERATING, SENSOR = "overheated", "temperature derating", "temperature sensor"
LEAST = 6.0  # A, the smallest offer there is (IEC 61851-1 table A.7)
HYSTERESIS = 5.0  # K
SILENT = 15.0  # s


@dataclass(slots=True)
class _Sensor:
    heard_at: float  # mono s, the last value; the start, before there is one
    celsius: float | None = None
    before: float | None = None  # the value before that
    why: str = ""
    step: int = 0  # of the thresholds reached, `stop_at` being the last
    mute: bool = False  # it has been silent for too long; nobody knows whether it has cooled since its last value

    @property
    def rank(self) -> tuple[int, float]:
        return self.step, self.celsius or 0.0


class Temperature(Rule):
    """`derate_at` (ascending) and `stop_at` in °C; `amps` of the outlet; `sensors` by name; `at`: the start, mono s."""

    def __init__(
        self, derate_at: tuple[float, ...], stop_at: float, amps: float, sensors: tuple[str, ...], at: float
    ) -> None:
        super().__init__()
        self._thresholds, self._amps = (*derate_at, stop_at), amps
        self._sensors = {name: _Sensor(at) for name in sensors}

    def warmed(self, name: str, celsius: float | None, why: str, at: float) -> None:
        """What a sensor of this EVSE says; others are not looked at."""
        sensor = self._sensors.get(name)
        if sensor is None:
            return
        if celsius is None:
            sensor.why = why
        else:
            sensor.before = None if sensor.mute else sensor.celsius
            sensor.celsius, sensor.heard_at, sensor.why, sensor.mute = celsius, at, "", False
            sensor.step = self._step(sensor)
        self.pass_time(at)

    def pass_time(self, at: float) -> None:
        """Look again: a sensor may have been silent for too long."""
        for sensor in self._sensors.values():
            sensor.mute = sensor.mute or at >= sensor.heard_at + SILENT
        last = len(self._thresholds) - 1  # the lowest current that is still one
        silent = [name for name, sensor in self._sensors.items() if sensor.mute]
        hottest = max(self._sensors, key=lambda name: self._sensors[name].rank, default="")
        step = self._sensors[hottest].step if hottest else 0
        info = f"{hottest} {self._sensors[hottest].celsius or 0:.1f} °C" if hottest else ""
        self._set(STOP, f"{info}, stop_at {self._thresholds[-1]:g} °C" if step > last else None)
        amps = self._left(min(step, last))
        self._set(DERATING, f"{info}: {amps:.1f} A of {self._amps:g} A" if step > 0 and amps < self._amps else None)
        if silent:
            amps = min(amps, self._left(last) if last else LEAST)
            why = self._sensors[silent[0]].why or f"{silent[0]} has not been read"
            self._set(SENSOR, f"{why}; {amps:.1f} A at most")
        else:
            self._set(SENSOR, None)
        self._limit(SOURCE, amps if amps < self._amps else None)

    def next_deadline(self) -> float | None:
        """mono s at which a sensor will have been silent for too long."""
        return min((s.heard_at + SILENT for s in self._sensors.values() if not s.mute), default=None)

    def view(self) -> dict[str, float | None]:
        """The last value of each sensor, °C."""
        return {name: sensor.celsius for name, sensor in self._sensors.items()}

    def _step(self, sensor: _Sensor) -> int:
        """Up where the last two values have both reached a threshold, down where both are 5 K below it."""
        assert sensor.celsius is not None
        before = sensor.celsius if sensor.before is None else sensor.before
        low, high = min(sensor.celsius, before), max(sensor.celsius, before)
        reached = sum(low >= threshold for threshold in self._thresholds)
        kept = sum(high > threshold - HYSTERESIS for threshold in self._thresholds)
        return max(reached, min(sensor.step, kept))

    def _left(self, step: int) -> float:
        """A, with so many steps reached."""
        return max(self._amps * (1 - step / len(self._thresholds)), min(LEAST, self._amps))
