"""What tests of drivers share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pins import FAKE, Pins


@pytest.fixture
def pins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pins]:
    """A header with its RPi.GPIO in this process."""
    pins = Pins(tmp_path / "pins")
    monkeypatch.setenv("FAKE_PINS", str(pins.folder))
    monkeypatch.syspath_prepend(FAKE)
    _forget()
    yield pins
    _forget()


def _forget() -> None:
    """The library, and who owns which pin, as in a new process."""
    for name in ("RPi", "RPi.GPIO"):
        sys.modules.pop(name, None)
    from evse_drivers import gpio

    gpio._owners.clear()
