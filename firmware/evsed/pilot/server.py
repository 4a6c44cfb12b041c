"""The pilot's end of the Unix socket: non-blocking, one client at a time, a newer one replaces the older."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import socket

from .wire import LONGEST_LINE, UNDERSTOOD, Hello, Message, Refused, WireError, decode, encode

MOST_UNSENT = 65536  # bytes that a client may leave unread before it is dropped


class SocketHeld(Exception):
    """Another live pilot has the socket; the text says so."""


class Server:
    """`wait` sleeps and tells whether something came; `receive` gives the messages; `send` never blocks."""

    def __init__(self, path: str, hello: Hello) -> None:
        self.path = path
        self.arrived = False  # a client came since the caller last set this to False: it wants to see all
        self._hello = encode(hello)
        self._client: socket.socket | None = None
        self.version = 0  # that the client speaks, once it has greeted
        self._greeted = False
        self._in, self._out = b"", b""
        self._lock = os.open(path + ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise SocketHeld(
                f"{path}: another pilot process holds it. End that one first (systemctl stop evsed-pilot)."
            ) from None
        beside = path + ".new"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(beside)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._listener.bind(beside)
        os.chmod(beside, 0o660)
        self._listener.listen(4)
        os.rename(beside, path)  # whoever finds it can connect
        self._watched: list[socket.socket] = [self._listener]
        self._nobody: list[socket.socket] = []

    def wait(self, seconds: float) -> bool:
        """Sleep so long, or until something can be received."""
        return bool(select.select(self._watched, self._nobody, self._nobody, seconds)[0])

    def receive(self) -> list[Message]:
        """What the client says, a few KiB at most. What it should not say is refused here."""
        self._accept()
        client = self._client
        if client is None:
            return []
        try:
            data = client.recv(LONGEST_LINE)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        if not data:
            self._drop()
            return []
        *lines, self._in = (self._in + data).split(b"\n")
        messages = [message for line in lines if (message := self._read(line)) is not None]
        if len(self._in) > LONGEST_LINE:
            self.refuse("line", f"longer than {LONGEST_LINE} bytes")
            self._drop()
        return messages

    @property
    def connected(self) -> bool:
        """A client is there that has greeted."""
        return self._greeted

    def send(self, line: bytes) -> None:
        """To the client, if there is one that has greeted."""
        if self._client is not None and self._greeted:
            self._write(line)

    def refuse(self, what: str, why: str, evse: int = 0) -> None:
        """Tell the client why not."""
        if self._client is not None:
            self._write(encode(Refused(what, why, evse)))

    def close(self) -> None:
        """End it all; the lock goes last."""
        self._drop()
        self._listener.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        os.close(self._lock)

    def _accept(self) -> None:
        try:
            newer, _ = self._listener.accept()
        except (BlockingIOError, ConnectionError):
            return
        except OSError:  # out of descriptors: the present client stays
            return
        self._drop()
        newer.setblocking(False)
        self._client, self._greeted = newer, False
        self._watched = [self._listener, newer]
        self._write(self._hello)

    def _read(self, line: bytes) -> Message | None:
        try:
            message = decode(line)
        except WireError as error:
            self.refuse("line", str(error))
            return None
        if isinstance(message, Hello):
            self._greeted, self.version = message.version in UNDERSTOOD, message.version
            if self._greeted:
                self.arrived = True
            else:
                versions = " and ".join(map(str, UNDERSTOOD))
                self.refuse("hello", f"version {message.version}; this pilot understands {versions}")
            return message
        if not self._greeted:
            self.refuse("message", "say hello first, in a version that this pilot understands")
            return None
        return message

    def _write(self, line: bytes) -> None:
        if self._client is None:
            return
        data = self._out + line if self._out else line
        try:
            sent = self._client.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._drop()
            return
        self._out = data[sent:]
        if len(self._out) > MOST_UNSENT:
            self._drop()

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client, self._greeted = None, False
        self._in = self._out = b""
        self._watched = [self._listener]
