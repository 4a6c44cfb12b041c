"""config/REFERENCE.md is what the declarations say today, and the example files can be used."""

from __future__ import annotations

from pathlib import Path

import pytest
from evse_drivers import registry
from evsed import fault_page, presets, reference
from evsed.model.faults import FAULTS
from evsed.settings import load
from evsed.settings.filling import options_of

CONFIG = Path(__file__).parent.parent / "config"


def test_the_reference_is_fresh() -> None:
    assert (CONFIG / "REFERENCE.md").read_text() == reference.text(), 'run "make reference"'


def test_the_page_of_the_faults_is_fresh_and_has_them_all() -> None:
    page = (CONFIG / "FAULTS.md").read_text()
    assert page == fault_page.text(), 'run "make reference"'
    assert [name for name in FAULTS if f"\n| **{name}**: " not in page] == []


def test_the_command_prints_either_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert reference.main(["--faults"]) == 0
    assert capsys.readouterr().out == fault_page.text()
    assert reference.main([]) == 0
    assert capsys.readouterr().out == reference.text()


def test_every_option_of_every_driver_is_in_it() -> None:
    page = reference.text()
    for entry in registry.DRIVERS:
        section = page.split(f'### {entry.kind} "{entry.name}"\n')[1].split("\n#")[0]
        for option in options_of(registry.find(entry.kind, entry.name).Settings):
            assert f"\n| `{option}` |" in section


@pytest.mark.parametrize("path", sorted(CONFIG.glob("*.toml")), ids=lambda path: path.name)
def test_an_example_can_be_used_as_it_is_and_nothing_in_it_is_odd(path: Path) -> None:
    settings = load(path, presets.refused)
    assert settings.warnings == ()


def test_the_annotated_example_names_every_option_of_our_own_tables() -> None:
    text = (CONFIG / "evsed.toml").read_text()
    own = [kind for _, kind, _ in reference.TABLES]
    names = [name for kind in own for name in options_of(kind)]
    assert [name for name in names if f"\n{name} = " not in text and f"\n# {name} = " not in text] == []
