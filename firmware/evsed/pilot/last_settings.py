"""The config file that the running pilot was started with, and its board's: a release must work though somebody has
broken one of them since."""

from __future__ import annotations

import os
import re

NAME = "pilot.toml"
BOARDS = "pilot.boards"  # folder with the copy of its board's file
RUNTIME = "/run/evsed"  # [station] runtime, where the broken file does not tell another


def keep(path: str, runtime: str, board: str | None = None) -> None:
    """Copy the files at `path` and, where it names a `board`, at that path, which were just read, into the runtime
    folder. OSError when they cannot be written."""
    if board is not None:
        folder = os.path.join(runtime, BOARDS)
        os.makedirs(folder, exist_ok=True)
        _copy(board, os.path.join(folder, os.path.basename(board)))
    _copy(path, os.path.join(runtime, NAME))


def find(path: str) -> str | None:
    """The copy that belongs to the broken file at `path`; None if no pilot has left one."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            said = re.search(r"""^\s*runtime\s*=\s*["']([^"'\n]+)["']""", file.read(), re.MULTILINE)
    except OSError:
        said = None
    copy = os.path.join(said.group(1) if said else RUNTIME, NAME)
    return copy if os.path.exists(copy) else None


def boards(copy: str) -> str:
    """The folder of the board files that were kept beside that copy."""
    return os.path.join(os.path.dirname(copy), BOARDS)


def _copy(path: str, copy: str) -> None:
    with open(path, "rb") as source, open(copy + ".new", "wb") as target:
        target.write(source.read())
    os.replace(copy + ".new", copy)
