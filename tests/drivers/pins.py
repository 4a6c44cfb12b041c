"""A Raspberry Pi's header made of files, for tests of what hangs on it; the module RPi.GPIO for it is in fake_pins."""

from __future__ import annotations

import os
from pathlib import Path

FAKE = str(Path(__file__).parent / "fake_pins")
COUNT = 54


class Pins:
    """The pins as the world around the Pi sees them; they start as after a power-up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        # After power-up: inputs, 0 to 8 pulled up, the others down (BCM2835 ARM Peripherals, table 6-31).
        pulls = "".join("1" if pin <= 8 else "0" for pin in range(COUNT))
        for name, row in {"outside": "." * COUNT, "function": "i" * COUNT, "latch": "0" * COUNT, "pull": pulls}.items():
            (folder / name).write_text(row)
        (folder / "writes").touch()

    @property
    def environ(self) -> dict[str, str]:
        """For a process that shall find these pins."""
        return {"FAKE_PINS": str(self.folder)}

    def drive(self, pin: int, level: int | None) -> None:
        """From outside: a contact, a device. None lets go."""
        fd = os.open(self.folder / "outside", os.O_WRONLY)
        os.pwrite(fd, b"." if level is None else str(level).encode(), pin)
        os.close(fd)

    def level(self, pin: int) -> int:
        """What a voltmeter at that pin shows."""
        rows = {name: (self.folder / name).read_text() for name in ("outside", "function", "latch", "pull")}
        if rows["function"][pin] == "o":
            return int(rows["latch"][pin])
        return int(rows["pull"][pin] if rows["outside"][pin] == "." else rows["outside"][pin])

    def writes(self, pin: int) -> list[str]:
        """What was done to that pin, in order: "out 0", "set 1", "in 1"."""
        return [what for _, what in self._done(pin)]

    def times(self, pin: int) -> list[float]:
        """When that was, s of CLOCK_MONOTONIC."""
        return [at for at, _ in self._done(pin)]

    def _done(self, pin: int) -> list[tuple[float, str]]:
        """When and what; a level that is said once more just after the pin was made an output is left out."""
        rows = [line.split(" ", 2) for line in (self.folder / "writes").read_text().splitlines()]
        done = [(float(at), what) for at, number, what in rows if int(number) == pin]
        again = {("out 0", "set 0"), ("out 1", "set 1")}
        return [row for n, row in enumerate(done) if n == 0 or (done[n - 1][1], row[1]) not in again]

    def as_lgpio(self) -> None:
        """From now on an output that the process has already keeps its level when it is set up anew (rpi-lgpio)."""
        (self.folder / "as lgpio").touch()

    def fails(self, point: str, says: str | None) -> None:
        """From now on the library fails at "import", "setmode", "setup", "output" or "input": "RuntimeError: text"."""
        file = self.folder / f"{point} says"
        if says is None:
            file.unlink()
        else:
            file.write_text(says)
