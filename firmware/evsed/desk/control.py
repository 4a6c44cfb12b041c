"""A control socket: JSON lines in, one JSON line answered to each, a stream of them to whoever watches."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

Message = dict[str, Any]
Answer = Message | AsyncIterator[Message]
Handle = Callable[[Message], Awaitable[Answer]]

LINE_LIMIT = 1 << 26  # a ledger or a list of frames is one line
PATH_LIMIT = 107  # sun_path of Linux, without its closing zero


class Refused(Exception):
    """What was asked cannot be done; the text says why, and what can."""


def socket_path(folder: Path, name: str) -> Path:
    """The path of a socket in that folder, or Refused where the system would not take it."""
    path = folder / name
    if len(os.fsencode(path)) > PATH_LIMIT:
        raise Refused(f"{path}: a socket's path has at most {PATH_LIMIT} bytes; choose a --dir with a shorter name.")
    return path


async def serve(path: Path, handle: Handle) -> asyncio.Server:
    """Serve `handle` on a Unix socket. It returns the answer's fields or an iterator of them, or raises Refused."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                async for answer in _answers(line, handle):
                    writer.write(json.dumps(answer, separators=(",", ":")).encode() + b"\n")
                    await writer.drain()
        except (OSError, ValueError):  # the other side has gone, or its line never ends
            pass
        finally:
            writer.close()

    path.unlink(missing_ok=True)
    return await asyncio.start_unix_server(talk, path, limit=LINE_LIMIT)


async def _answers(line: bytes, handle: Handle) -> AsyncIterator[Message]:
    try:
        message = json.loads(line)
        if not isinstance(message, dict):
            raise Refused(f'{line.decode(errors="replace").strip()}: expected an object such as {{"do": "state"}}.')
        answer = await handle(message)
        if isinstance(answer, dict):
            yield {"ok": True, **answer}
        else:
            async for part in answer:
                yield {"ok": True, **part}
    except json.JSONDecodeError as error:
        yield {"ok": False, "error": f"{line.decode(errors='replace').strip()}: not JSON ({error})."}
    except (Refused, TypeError, ValueError, KeyError) as error:  # fields of a wrong type are the sender's
        text = str(error) if isinstance(error, Refused) else f"{message}: {type(error).__name__}: {error}."
        yield {"ok": False, "error": text}


async def ask(path: Path, message: Message, timeout: float = 40.0) -> Message:
    """Send one message and return its answer; ConnectionError or TimeoutError when nobody answers."""
    async with asyncio.timeout(timeout):
        async for answer in watch(path, message):
            return answer
    raise ConnectionError(f"{path}: closed without an answer.")


async def watch(path: Path, message: Message) -> AsyncIterator[Message]:
    """Send one message and yield every line that comes back, until the other side closes."""
    reader, writer = await asyncio.open_unix_connection(path, limit=LINE_LIMIT)
    try:
        writer.write(json.dumps(message).encode() + b"\n")
        await writer.drain()
        while line := await reader.readline():
            yield json.loads(line)
    finally:
        writer.close()


def ask_now(path: Path, message: Message, timeout: float = 40.0) -> Message:
    """`ask` for callers without an event loop: tests and the command line."""
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(timeout)
        link.connect(os.fspath(path))
        link.sendall(json.dumps(message).encode() + b"\n")
        with link.makefile("rb") as lines:
            line = lines.readline()
    if not line:
        raise ConnectionError(f"{path}: closed without an answer.")
    answer: Message = json.loads(line)
    return answer


def choose(message: Message, field: str, allowed: tuple[str, ...]) -> str:
    """The word in that field, or Refused with the words that are allowed."""
    word = message.get(field)
    if word not in allowed:
        raise Refused(f'"{field}": {json.dumps(word)} is not known here; allowed are {", ".join(allowed)}.')
    return str(word)
