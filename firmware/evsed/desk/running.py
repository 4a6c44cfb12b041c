"""Where running desks are found: a folder of links, one a desk, that `evsed desk do` looks through."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

from .control import Refused


def base() -> Path:
    """This user's folder of running desks, for him alone."""
    folder = Path(tempfile.gettempdir()) / f"evsed-desk-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise Refused(f"{folder}: belongs to somebody else; remove it, or give a --dir of your own.")
    return folder


def register(folder: Path) -> Path:
    """Make the desk in `folder` known; returns the link to remove at its end."""
    link = base() / str(os.getpid())
    link.unlink(missing_ok=True)
    link.symlink_to(folder.resolve(), target_is_directory=True)
    return link


def find(folder: Path | None) -> Path:
    """The desk.sock of the desk in `folder`, or of the newest that runs; Refused when none answers."""
    if folder is not None:
        path = folder / "desk.sock"
        if answers(path):
            return path
        raise Refused(f"no desk runs in {folder}. Start one: evsed desk --dir {folder}")
    links = sorted((p for p in base().iterdir() if p.is_symlink()), key=lambda p: p.lstat().st_mtime, reverse=True)
    for link in links:
        path = Path(os.readlink(link)) / "desk.sock"
        if answers(path):
            return path
        if not Path(f"/proc/{link.name}").exists():
            link.unlink(missing_ok=True)  # its desk was killed
    raise Refused("no desk is running. Start one: evsed desk")


def answers(path: Path) -> bool:
    """Somebody listens there."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(os.fspath(path))
        except OSError:
            return False
    return True
