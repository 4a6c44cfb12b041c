"""What pilot lines ask of the kernel: files that hold one number (sysfs), read and written on a kept descriptor; time.

The one seam of these lines: a test puts a kernel made of numbers in its place, with a clock that it moves itself.
"""

from __future__ import annotations

import fcntl
import os
import time

LONGEST = 64  # bytes; such a file holds one number or one word


class Kernel:
    """The real one. OSError from any of them, as the kernel says it."""

    clock = staticmethod(time.monotonic)  # s
    sleep = staticmethod(time.sleep)  # s

    def list(self, folder: str) -> list[str]:
        """The names in it, sorted; none where there is no such folder."""
        try:
            return sorted(os.listdir(folder))
        except FileNotFoundError:
            return []

    def exists(self, path: str) -> bool:
        return os.path.exists(path)

    def target(self, path: str) -> str:
        """The last name of what the link stands for, in the end; "" where there is none."""
        return os.path.basename(os.path.realpath(path)) if os.path.exists(path) else ""

    def open(self, path: str, write: bool = False, read: bool = True) -> int:
        """EACCES, for root too, where a file that can only be written is opened to be read as well."""
        mode = (os.O_RDWR if read else os.O_WRONLY) if write else os.O_RDONLY
        return os.open(path, mode | os.O_CLOEXEC)

    def read(self, fd: int) -> str:
        """Asks the hardware anew each time."""
        return os.pread(fd, LONGEST, 0).decode("ascii", "replace").strip()

    def write(self, fd: int, text: str) -> None:
        """In one piece and past all buffers, or what the kernel refuses would be lost."""
        os.pwrite(fd, f"{text}\n".encode("ascii"), 0)

    def lock(self, fd: int) -> None:
        """BlockingIOError: another one has it, in this process or in another."""
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def close(self, fd: int) -> None:
        os.close(fd)
