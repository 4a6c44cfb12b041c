"""The script's socket into the world: JSON lines in, one answered to each, a stream of snapshots to whoever watches."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .world_actions import Refused, perform

if TYPE_CHECKING:
    from .world import World

WATCH = 0.2  # s between the snapshots of a watcher
LINE_LIMIT = 65536
BEHIND_LIMIT = 262144  # bytes not yet read by a watcher: it gets no further snapshot until it has caught up


class _Client:
    def __init__(self, link: socket.socket) -> None:
        self.link = link
        self.received = b""
        self.waiting = b""  # answers that its socket would not take yet
        self.watch_at: float | None = None


class WorldSocket:
    """Served by the world's loop; nothing here waits."""

    def __init__(self, path: Path, world: World) -> None:
        self._world = world
        self._clients: set[_Client] = set()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(16)
        self._listener.setblocking(False)
        world.loop.watch(self._listener, self._accept)

    def tick(self, now: float) -> None:
        """Every 10 ms."""
        for client in list(self._clients):
            if client.watch_at is not None and now >= client.watch_at and len(client.waiting) < BEHIND_LIMIT:
                client.watch_at += WATCH if now - client.watch_at < WATCH else now - client.watch_at
                self._send(client, {"ok": True, **self._world.snapshot(now)})
            elif client.waiting:
                self._flush(client)

    def _accept(self) -> None:
        link, _ = self._listener.accept()
        link.setblocking(False)
        client = _Client(link)
        self._clients.add(client)
        self._world.loop.watch(link, lambda: self._serve(client))

    def _serve(self, client: _Client) -> None:
        try:
            chunk = client.link.recv(LINE_LIMIT)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        if not chunk or len(client.received) > LINE_LIMIT:
            self._drop(client)
            return
        *lines, client.received = (client.received + chunk).split(b"\n")
        for line in lines:
            if line.strip() and client in self._clients:
                self._send(client, self._answer(client, line))

    def _answer(self, client: _Client, line: bytes) -> dict[str, Any]:
        now = time.monotonic()
        try:
            message = json.loads(line)
            answer = perform(self._world, message, now)
        except ValueError as error:
            return {"ok": False, "error": f"{line.decode(errors='replace')}: not JSON ({error})."}
        except Refused as error:
            return {"ok": False, "error": str(error)}
        if message["do"] == "watch":
            client.watch_at = now + WATCH
        return {"ok": True, **answer}

    def _send(self, client: _Client, message: dict[str, Any]) -> None:
        client.waiting += json.dumps(message, separators=(",", ":")).encode() + b"\n"
        self._flush(client)

    def _flush(self, client: _Client) -> None:
        try:
            client.waiting = client.waiting[client.link.send(client.waiting) :]
        except BlockingIOError:
            pass
        except OSError:
            self._drop(client)

    def _drop(self, client: _Client) -> None:
        self._clients.discard(client)
        self._world.loop.forget(client.link)
        client.link.close()
