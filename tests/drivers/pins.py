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
        rows = (line.split(" ", 2) for line in (self.folder / "writes").read_text().splitlines())
        return [what for _, number, what in rows if int(number) == pin]

    def times(self, pin: int) -> list[float]:
        """When that was, s of CLOCK_MONOTONIC."""
        rows = (line.split(" ", 2) for line in (self.folder / "writes").read_text().splitlines())
        return [float(at) for at, number, _ in rows if int(number) == pin]

    def fails(self, point: str, says: str | None) -> None:
        """From now on the library fails at "import", "setmode", "setup", "output" or "input": "RuntimeError: text"."""
        file = self.folder / f"{point} says"
        if says is None:
            file.unlink()
        else:
            file.write_text(says)
