"""The simulated hardware of this kernel: a GPIO chip (gpio-sim), I2C adapters by their names, a keyboard (uinput)."""

from __future__ import annotations

from pathlib import Path

CONFIG = Path("/sys/kernel/config/gpio-sim")
LINES = 54  # of the BCM2835


class Chip:
    """A gpio-sim chip with the lines of a Pi's; `gpiochip0` if it is the first one."""

    def __init__(self, name: str = "pi") -> None:
        self.config = CONFIG / name
        bank = self.config / "bank0"
        bank.mkdir(parents=True)
        (bank / "num_lines").write_text(str(LINES))
        (bank / "label").write_text("pinctrl-bcm2711")
        (self.config / "live").write_text("1")
        device = (self.config / "dev_name").read_text().strip()
        self.name = (bank / "chip_name").read_text().strip()
        self.lines = Path("/sys/devices/platform") / device / self.name

    def level(self, line: int) -> int:
        """What that line shows now, driven or pulled."""
        return int((self.lines / f"sim_gpio{line}" / "value").read_text())

    def pull(self, line: int, up: bool) -> None:
        """What the outside does with an input."""
        (self.lines / f"sim_gpio{line}" / "pull").write_text("pull-up" if up else "pull-down")


def adapter(name: str) -> str:
    """The file of the I2C adapter of that name."""
    for folder in Path("/sys/class/i2c-dev").iterdir():
        if (folder / "name").read_text().startswith(name):
            return f"/dev/{folder.name}"
    raise LookupError(name)
