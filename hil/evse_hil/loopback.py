"""The least central system there can be: accepts everything at once, so that what is measured is the station."""

from __future__ import annotations

import itertools
import json
import queue
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve
from websockets.typing import Subprotocol

from .rig import RigError

VERSIONS = ("1.6", "2.0.1")


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


# action: the answer, where it is not {}; the number is that of a new transaction in 1.6
ANSWERS: dict[str, Callable[[int], dict[str, Any]]] = {
    "BootNotification": lambda number: {"currentTime": _now(), "interval": 300, "status": "Accepted"},
    "Heartbeat": lambda number: {"currentTime": _now()},
    "StartTransaction": lambda number: {"transactionId": number, "idTagInfo": {"status": "Accepted"}},
    "StopTransaction": lambda number: {"idTagInfo": {"status": "Accepted"}},
}
AUTHORIZE = {"1.6": {"idTagInfo": {"status": "Accepted"}}, "2.0.1": {"idTokenInfo": {"status": "Accepted"}}}


class Loopback:
    """Listens on a port of the loopback from the beginning. `first` holds the instant (CLOCK_MONOTONIC) of the first
    call of each action since `forget`, `calls` how many there were."""

    def __init__(self) -> None:
        self.first: dict[str, float] = {}
        self.calls: Counter[str] = Counter()
        self._number = 0
        self._standing: set[ServerConnection] = set()
        self._calls = itertools.count(1)
        self._answers: dict[str, queue.SimpleQueue[list[Any]]] = {}  # id of a call of ours: what comes back
        self._port = 0
        self._server: Server | None = None
        self.link(True)

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._port}/ocpp"

    def forget(self) -> None:
        """Count anew."""
        self.first.clear()
        self.calls.clear()

    def call(self, action: str, payload: Mapping[str, Any], seconds: float = 10.0) -> tuple[float, dict[str, Any]]:
        """Call the one station that is connected: the instant at which that was sent, and the answer; RigError when
        there is none, and for a CALLERROR."""
        id = f"loopback-{next(self._calls)}"
        answer = self._answers[id] = queue.SimpleQueue()
        connection = next(iter(self._standing), None)
        if connection is None:
            raise RigError(f"loopback: no station is connected that could take {action}.")
        at = time.monotonic()
        connection.send(json.dumps([2, id, action, payload]))
        try:
            frame = answer.get(timeout=seconds)
        except queue.Empty:
            raise RigError(f"loopback: the station did not answer {action} within {seconds:g} s.") from None
        finally:
            del self._answers[id]
        if frame[0] != 3:
            raise RigError(f"loopback: the station answered {action} with {json.dumps(frame)}.")
        return at, frame[2]

    def link(self, up: bool) -> None:
        """Listen, or cut every connection and refuse new ones."""
        if up == (self._server is not None):
            return
        if self._server is None:
            protocols = [Subprotocol(f"ocpp{version}") for version in VERSIONS]
            self._server = serve(
                self._talk, "127.0.0.1", self._port, subprotocols=protocols, compression=None, ping_interval=None
            )
            self._port = self._server.socket.getsockname()[1]
            threading.Thread(target=self._server.serve_forever, daemon=True).start()
            return
        self._server.shutdown()
        self._server = None
        for connection in list(self._standing):
            connection.socket.shutdown(socket.SHUT_RDWR)

    def _talk(self, connection: ServerConnection) -> None:
        self._standing.add(connection)
        version = (connection.subprotocol or "ocpp1.6").removeprefix("ocpp")
        try:
            for text in connection:
                frame = json.loads(text)
                if frame[0] == 2:
                    connection.send(json.dumps([3, frame[1], self._answer(version, frame[2])]))
                elif awaited := self._answers.get(frame[1]):
                    awaited.put(frame)
        except ConnectionClosed:
            pass
        finally:
            self._standing.discard(connection)

    def _answer(self, version: str, action: str) -> dict[str, Any]:
        self.first.setdefault(action, time.monotonic())
        self.calls[action] += 1
        if action == "Authorize":
            return AUTHORIZE[version]
        if action == "StartTransaction":
            self._number += 1
        return ANSWERS[action](self._number) if action in ANSWERS else {}
