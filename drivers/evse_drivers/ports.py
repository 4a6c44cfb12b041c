"""Says why a serial port cannot be opened, in words for the one who has to change that."""

from __future__ import annotations

import errno
import fcntl
import os
import termios

from .api import DriverError


def check(port: str, where: str) -> None:
    """Open the port for a moment; DriverError when it is missing, forbidden, held by another or no serial port."""
    try:
        fd = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError as error:
        raise DriverError(f"{where}: {_why_not_open(port, error)}") from None
    try:
        termios.tcgetattr(fd)
        # pyserial's exclusive=True takes the same lock; root passes TIOCEXCL, but not this.
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except termios.error:
        raise DriverError(f"{where}: {port} is not a serial port. {_WHICH}") from None
    except OSError:
        raise DriverError(f"{where}: {_held(port)}") from None
    finally:
        os.close(fd)


def trouble(port: str, where: str, error: Exception) -> DriverError:
    """The reason why opening `port` just failed with `error`."""
    try:
        check(port, where)
    except DriverError as reason:
        # A port whose kernel refuses the settings stays open, and locked, in the frames of `error`.
        if _holder(port)[0] != str(os.getpid()):
            return reason
    return DriverError(
        f"{where}: {port} cannot be opened: {words(error)}. Check its speed and parity against the adapter's."
    )


def words(error: Exception) -> str:
    """What the system says, without its number."""
    return str(error.args[-1]) if isinstance(error, termios.error) and error.args else str(error)


_WHICH = 'Name the right port: "ls -l /dev/serial/by-id" shows the adapters there are.'


def _why_not_open(port: str, error: OSError) -> str:
    if error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO):
        return f"there is no serial port {port}. Plug the adapter in or enable the port. {_WHICH}"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"this user may not open {port}. Add the user to its group ({_group(port)}) and start evsed again."
    if error.errno == errno.EBUSY:
        return _held(port)
    return f"{port} cannot be opened: {error.strerror}. {_WHICH}"


def _held(port: str) -> str:
    pid, name = _holder(port)
    who = f"process {pid} ({name})" if pid else "another program"
    return f"{port} is held by {who}. One line has one owner: stop that program, or give one of the two another port."


def _group(port: str) -> str:
    import grp

    try:
        return grp.getgrgid(os.stat(port).st_gid).gr_name
    except (OSError, KeyError):
        return "dialout"


def _holder(port: str) -> tuple[str, str]:
    """The process that has the flock, by its id and name; empty where the kernel does not tell."""
    try:
        found = os.stat(port)
        key = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
        with open("/proc/locks", encoding="ascii") as locks:
            rows = [row.split() for row in locks]
        pid = next(row[4] for row in rows if row[1] == "FLOCK" and row[5] == key)
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as comm:
            return pid, comm.read().strip()
    except (OSError, StopIteration, IndexError):
        return "", ""
