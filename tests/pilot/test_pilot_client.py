"""Why the station has lost its pilot, or would not have it: a socket that says what no pilot of this release would."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from evse_drivers.api import Seen
from evsed.pilot.client import ANSWER, GONE, PilotProcess
from evsed.pilot.newest import MOST
from evsed.pilot.wire import VERSION, Hello, Refused, Taken, encode

DIFFERS = "the pilot runs on other settings than the station: restart evsed-pilot to apply evsed.toml"


def what_is_logged(folder: Path, talk: Callable[[asyncio.StreamWriter], Awaitable[None]], lines: int) -> list[str]:
    """The first `lines` that a station logs whose pilot's end of the socket is `talk`."""
    path, said = str(folder / "pilot.sock"), []

    async def pilot(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await talk(writer)

    async def scene() -> None:
        enough = asyncio.Event()

        def log(text: str) -> None:
            said.append(text.replace(path, "pilot.sock"))
            if len(said) == lines:
                enough.set()

        server = await asyncio.start_unix_server(pilot, path)
        task = asyncio.create_task(PilotProcess(path, "digest", log).run())
        async with asyncio.timeout(10):
            await enough.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        server.close()

    asyncio.run(scene())
    return said


def test_a_pilot_that_says_nothing_is_lost(tmp_path: Path) -> None:
    async def talk(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(10)

    assert what_is_logged(tmp_path, talk, 1) == ["pilot lost: pilot.sock: the pilot said nothing for 3 s"]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (encode(Hello(7, "digest")),
         "pilot lost: pilot.sock: it speaks version 7; this station understands 1 and 2. Update both."),
        (encode(Hello(1, "another")), DIFFERS),
        (b'{"dance":{}}\n',
         'pilot: a line was not understood: unknown message "dance"; there are hello, permit, do, measured, taken, '
         'refused, seen, health'),
        (b"[3]\n",
         'pilot: a line was not understood: expected one object {"kind": {...}}, found b\'[3]\\n\''),
        (b'{"seen":{"evse":1' + b"0" * 70000 + b"}}\n",
         "pilot lost: pilot.sock: the connection broke: Separator is found, but chunk is longer than limit"),
    ],
)  # fmt: skip
def test_what_no_pilot_of_this_release_says_is_told(tmp_path: Path, line: bytes, text: str) -> None:
    async def talk(writer: asyncio.StreamWriter) -> None:
        writer.write(line)
        await asyncio.sleep(10)

    assert what_is_logged(tmp_path, talk, 1) == [text]


async def acted(folder: Path, answer: Callable[[asyncio.StreamWriter], None], version: int = VERSION) -> str | None:
    """What becomes of an act whose pilot does `answer` when it has heard it."""
    path = str(folder / "pilot.sock")

    async def pilot(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(encode(Hello(version, "digest", "boot", {"1": 32.0})))
        while line := await reader.readline():
            if b"wake" in line:
                answer(writer)

    server = await asyncio.start_unix_server(pilot, path)
    board = PilotProcess(path, "digest", lambda _: None)
    task = asyncio.create_task(board.run())
    for _ in range(500):
        if board.hello is not None:
            break
        await asyncio.sleep(0.01)
    why = await board.act(1, "wake")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    server.close()
    return why


@pytest.mark.parametrize(
    ("answer", "version", "why"),
    [
        (lambda writer: writer.write(encode(Taken(1, "wake"))), VERSION, None),
        (lambda writer: writer.write(encode(Refused("wake", "nobody sleeps", 1))), VERSION, "nobody sleeps"),
        (lambda writer: writer.write(encode(Refused("wake", "nobody sleeps", 2))), VERSION, GONE),
        (lambda writer: None, VERSION, GONE),
        (lambda writer: writer.close(), VERSION, GONE),
        (lambda writer: None, 1, None),
    ],
    ids=["taken", "refused", "another EVSE's", "silent", "hung up", "a pilot of version 1"],
)
def test_an_act_is_taken_or_refused_within_a_second(
    tmp_path: Path, answer: Callable[[asyncio.StreamWriter], None], version: int, why: str | None
) -> None:
    assert asyncio.run(asyncio.wait_for(acted(tmp_path, answer, version), 5)) == why


def test_a_station_that_does_not_keep_up_says_so_once(tmp_path: Path) -> None:
    seen = Seen(1, 0.0, "boot", "B1", 0, False, 0.0, 9.0, None, None, None, None, "", None, None, 10.0)

    async def talk(writer: asyncio.StreamWriter) -> None:
        for plug in range(2 * MOST):
            writer.write(encode(dataclasses.replace(seen, plug=plug)))
        writer.write(b"[3]\n")

    assert what_is_logged(tmp_path, talk, 2) == [
        "the station does not keep up with the pilot: what was seen of EVSE 1 is being lost",
        "pilot: a line was not understood: expected one object {\"kind\": {...}}, found b'[3]\\n'",
    ]


def test_an_act_whose_pilot_hangs_up_is_answered_at_once(tmp_path: Path) -> None:
    began = time.monotonic()
    assert asyncio.run(acted(tmp_path, lambda writer: writer.close())) == GONE
    assert time.monotonic() - began < ANSWER
