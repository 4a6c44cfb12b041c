"""The config file that the running pilot was started with: a release must work though somebody has broken it since."""

from __future__ import annotations

import os
import re

NAME = "pilot.toml"
RUNTIME = "/run/evsed"  # [station] runtime, where the broken file does not tell another


def keep(path: str, runtime: str) -> None:
    """Copy the file at `path`, which was just read, into the runtime folder. OSError when that cannot be written."""
    copy = os.path.join(runtime, NAME)
    with open(path, "rb") as source, open(copy + ".new", "wb") as target:
        target.write(source.read())
    os.replace(copy + ".new", copy)


def find(path: str) -> str | None:
    """The copy that belongs to the broken file at `path`; None if no pilot has left one."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            said = re.search(r"""^\s*runtime\s*=\s*["']([^"'\n]+)["']""", file.read(), re.MULTILINE)
    except OSError:
        said = None
    copy = os.path.join(said.group(1) if said else RUNTIME, NAME)
    return copy if os.path.exists(copy) else None
