"""Config files to be tried, with the lab's drivers installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from evsed.settings import Settings, SettingsError, load

from tests.settings import lab

Reads = Callable[[str], Settings]
Refuses = Callable[[str], list[str]]


@pytest.fixture(autouse=True)
def _drivers(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path_factory.mktemp("lab")
    lab.install(folder)
    monkeypatch.syspath_prepend(str(folder))


@pytest.fixture
def reads(tmp_path: Path) -> Reads:
    """The settings that a text means."""

    def settings(text: str) -> Settings:
        path = tmp_path / "evsed.toml"
        path.write_text(text, encoding="utf-8")
        return load(path)

    return settings


@pytest.fixture
def refuses(reads: Reads) -> Refuses:
    """The lines of the error that a text gives, after the first."""

    def lines(text: str) -> list[str]:
        with pytest.raises(SettingsError) as caught:
            reads(text)
        return str(caught.value).splitlines()[1:]

    return lines
