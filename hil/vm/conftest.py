"""What the tests in the virtual machine share."""

from __future__ import annotations

import pytest
from simulated import Chip


@pytest.fixture(scope="session")
def chip() -> Chip:
    """The one chip of this machine; pins are taken for the life of the process, as on the wall."""
    chip = Chip()
    assert chip.name == "gpiochip0", "rpi-lgpio takes the pins from the chip that RPI_LGPIO_CHIP names"
    return chip
