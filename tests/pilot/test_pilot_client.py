"""Why the station has lost its pilot, or would not have it: a socket that says what no pilot of this release would."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from evsed.pilot.client import PilotProcess
from evsed.pilot.wire import Hello, encode

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
         "pilot lost: pilot.sock: it speaks version 7; this station understands 0 and 1. Update both."),
        (encode(Hello(1, "another")), DIFFERS),
        (b'{"dance":{}}\n',
         'pilot: a line was not understood: unknown message "dance"; there are hello, permit, do, refused, seen'),
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
