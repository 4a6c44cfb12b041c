"""Where the station's lines go: a terminal, systemd's pipe, or the journal itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SPEAK = "from evsed.log import opened; opened('evsed')('the meter\\nis silent', 'warning')"
# What systemd-python offers, as far as the log uses it: journal.send(MESSAGE, **fields).
JOURNAL = "import json, sys\ndef send(message, **fields): print(json.dumps([message, fields]))\n"


def spoken(tmp_path: Path, **environ: str) -> tuple[str, str]:
    environ["PYTHONPATH"] = f"{ROOT / 'firmware'}:{tmp_path}"
    done = subprocess.run([sys.executable, "-c", SPEAK], env=environ, capture_output=True, text=True, check=True)
    return done.stdout, done.stderr


def test_on_a_terminal_a_line_is_a_line(tmp_path: Path) -> None:
    assert spoken(tmp_path) == ("", "evsed: the meter\nis silent\n")


def test_under_systemd_a_line_carries_its_priority(tmp_path: Path) -> None:
    assert spoken(tmp_path, JOURNAL_STREAM="8:1") == ("", "<4>evsed: the meter\nis silent\n")


def test_with_systemd_python_the_journal_gets_one_entry(tmp_path: Path) -> None:
    (tmp_path / "systemd").mkdir()
    (tmp_path / "systemd" / "__init__.py").touch()
    (tmp_path / "systemd" / "journal.py").write_text(JOURNAL)
    said, _ = spoken(tmp_path, JOURNAL_STREAM="8:1")
    assert said == '["the meter\\nis silent", {"PRIORITY": 4, "SYSLOG_IDENTIFIER": "evsed"}]\n'
