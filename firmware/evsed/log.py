"""Lines for the journal: by systemd-python where it is installed, else to standard error as sd-daemon(3) has it."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Protocol

PRIORITIES = {"error": 3, "warning": 4, "info": 6}  # syslog(3)


class Log(Protocol):
    """Takes a text and how grave it is."""

    def __call__(self, text: str, level: str = "info") -> None: ...


def opened(name: str) -> Log:
    """The log of the process `name`, as this process's surroundings want it."""

    def plain(text: str, level: str = "info") -> None:
        print(f"{name}: {text}", file=sys.stderr, flush=True)

    def prefixed(text: str, level: str = "info") -> None:
        print(f"<{PRIORITIES[level]}>{name}: {text}", file=sys.stderr, flush=True)

    if "JOURNAL_STREAM" not in os.environ:
        return plain
    try:
        journal = import_module("systemd.journal")  # the extra `systemd`: one entry then keeps several lines together
    except ImportError:
        return prefixed
    return lambda text, level="info": journal.send(text, PRIORITY=PRIORITIES[level], SYSLOG_IDENTIFIER=name)
