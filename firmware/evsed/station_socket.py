"""The station's control socket: one JSON object a line asks, one line answers; `trace` streams the OCPP frames.

{"show": true}            the whole state, as `evsed show --json` prints it
{"trace": true}           from now on each frame as {"direction": "in" or "out", "frame": TEXT}
{"do": WHAT, "evse": N}   as `evsed do WHAT N`: {"done": WHAT}, or {"refused": WHY}
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

Observe = Callable[[Callable[[str, str], None]], Callable[[], None]]
Order = Callable[[int, str], Awaitable[str | None]]
ASKS = "ask one of: show, trace, do"


class StationSocket:
    """Serves `path`; `show` gives the state, `observe` lets a listener hear frames until the returned call, `order` has
    something done at an EVSE and gives the words why not."""

    def __init__(self, path: str, show: Callable[[], dict[str, Any]], observe: Observe, order: Order) -> None:
        self._path, self._show, self._observe, self._order = path, show, observe, order
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; OSError when the folder does not let us."""
        if os.path.exists(self._path):
            os.unlink(self._path)  # of a process that was killed: the database's lock says that there is no other
        self._server = await asyncio.start_unix_server(self._serve, self._path)
        os.chmod(self._path, 0o660)

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            os.unlink(self._path)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stop = None
        try:
            while line := await reader.readline():
                try:
                    asked = json.loads(line)
                except (ValueError, RecursionError) as error:
                    asked = {"error": f"not JSON ({error}); {ASKS}"}
                if isinstance(asked, dict) and asked.get("trace") and stop is None:
                    stop = self._observe(lambda direction, frame: _say(writer, direction=direction, frame=frame))
                    _say(writer, trace=True)
                elif isinstance(asked, dict) and asked.get("show"):
                    _say(writer, **self._show())
                elif isinstance(asked, dict) and "do" in asked:
                    _say(writer, **await self._do(asked["do"], asked.get("evse")))
                else:
                    _say(writer, error=asked.get("error", ASKS) if isinstance(asked, dict) else ASKS)
                await writer.drain()
        except (OSError, ValueError):
            pass  # the asker has gone, or sent a line without an end
        finally:
            if stop is not None:
                stop()
            writer.close()

    async def _do(self, what: object, evse: object) -> dict[str, Any]:
        if not isinstance(what, str) or not isinstance(evse, int) or isinstance(evse, bool):
            return {"error": 'expected {"do": WHAT, "evse": NUMBER}'}
        why = await self._order(evse, what)
        return {"done": what} if why is None else {"refused": why}


def _say(writer: asyncio.StreamWriter, **answer: Any) -> None:
    writer.write(json.dumps(answer, default=str).encode() + b"\n")
