"""Lines with meters on them for the command's tests, each alive in a thread of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeVar

from modbus_peers import Device, serial_line, tcp_gateway, tcp_line
from serial_peers import SDM120, SDM630, Cable

T = TypeVar("T")
SPEEDS = {2400: termios.B2400, 9600: termios.B9600, 38400: termios.B38400}


def eastron(model: int | None, values: dict[int, float]) -> Device:
    """Its input registers, and the number of its model where it tells one."""
    words = {}
    for address, value in values.items():
        words[address], words[address + 1] = struct.unpack(">HH", struct.pack(">f", value))
    return Device(read_only=words, holding={} if model is None else {0xFC02: model})


def sdm630() -> Device:
    return eastron(0x0070, SDM630)


def sdm120() -> Device:
    return eastron(0x0020, SDM120)


@contextmanager
def alive(make: Callable[[], AbstractAsyncContextManager[T]]) -> Iterator[T]:
    """That context, entered on a loop in a thread, until the block ends."""
    ready, it = threading.Event(), list[T]()
    loop: asyncio.AbstractEventLoop
    over: asyncio.Event

    async def live() -> None:
        nonlocal loop, over
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        async with make() as made:
            it.append(made)
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(live()))
    thread.start()
    try:
        assert ready.wait(5)
        yield it[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()


@contextmanager
def serial(port: Path, devices: dict[int, Device], baudrate: int = 9600) -> Iterator[None]:
    """The devices on a pty, deaf at any other speed."""

    @asynccontextmanager
    async def make() -> AsyncIterator[None]:
        cable = Cable(port)
        async with serial_line(cable, devices) as line:
            host = cable.host
            assert host is not None
            line.understands = lambda: termios.tcgetattr(host.master)[4] == SPEEDS[baudrate]
            yield

    with alive(make):
        yield


@contextmanager
def network(devices: dict[int, Device]) -> Iterator[str]:
    """The devices behind a plain serial server; its HOST:PORT."""
    with alive(lambda: tcp_line(devices)) as (_, port):
        yield f"127.0.0.1:{port}"


@contextmanager
def gateway(devices: dict[int, Device]) -> Iterator[str]:
    """The devices behind a gateway that speaks Modbus TCP; its HOST:PORT."""
    with alive(lambda: tcp_gateway(devices)) as port:
        yield f"127.0.0.1:{port}"


def meter_command(*arguments: str) -> subprocess.Popen[str]:
    """`evsed meter` as a process that Ctrl-C reaches."""
    return subprocess.Popen(
        [sys.executable, "-m", "evsed", "meter", *arguments],
        env=os.environ | {"PYTHONPATH": ":".join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a test run in the background ignores it
    )


def interrupted(process: subprocess.Popen[str]) -> None:
    """By Ctrl-C: it ends, without a traceback."""
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=5)
    assert (process.returncode, "Traceback" in err) == (130, False), err
