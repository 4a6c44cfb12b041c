"""What a process asks of Linux so that it is on time: FIFO scheduling, locked memory, a frozen collector, systemd."""

from __future__ import annotations

import gc
import os
import resource
import socket
import sys

HAND_OVER = 0.001  # s that another thread may keep the interpreter to itself while the loop waits for it
MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT = 1, 2, 4


def fifo(priority: int) -> str | None:
    """SCHED_FIFO for the calling thread; returns why not, or None."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except OSError as error:
        return f"no real-time priority ({error.strerror}): the loop may be late under load. LimitRTPRIO=60 allows it."
    return None


def lock_memory() -> str | None:
    """Keep every page that was touched in memory; returns why not, or None.

    MCL_ONFAULT leaves the untouched stacks of threads out (measured: 11 instead of 48 MiB).
    """
    limit = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    if limit != resource.RLIM_INFINITY and os.geteuid() != 0:
        return (
            f"memory is not locked (limit {limit >> 10} KiB): swapping may delay it. LimitMEMLOCK=infinity allows it."
        )
    import ctypes  # only here: it costs 1 MiB

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0:
        return f"memory is not locked ({os.strerror(ctypes.get_errno())}): swapping may delay it."
    return None


def freeze() -> None:
    """No garbage collection from now on: the loop makes no cycles. Other threads give way to it at once."""
    sys.setswitchinterval(HAND_OVER)
    gc.collect()
    gc.freeze()
    gc.disable()


class Notify:
    """sd_notify in a few lines: READY, and WATCHDOG twice in each WatchdogSec."""

    def __init__(self, environ: dict[str, str]) -> None:
        path = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + path[1:] if path.startswith("@") else path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) if path else None
        self.every = int(environ.get("WATCHDOG_USEC", "0") or 0) / 2e6  # s; 0: systemd does not watch
        self._next = 0.0

    def send(self, text: str) -> None:
        """READY=1, STOPPING=1 ..."""
        if self._socket is not None:
            try:
                self._socket.sendto(text.encode(), self._address)
            except OSError:  # systemd restarting itself; its watchdog has patience for one
                pass

    def alive(self, now: float) -> None:
        """Call at each tick."""
        if self.every and now >= self._next:
            self._next = now + self.every
            self.send("WATCHDOG=1")
