"""`evsed do`: from the command line through the station to the pilot, and the pilot's own words back."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from evsed import app, order
from evsed.errands import ORDERS
from evsed.pilot.server import Server
from evsed.pilot.wire import VERSION, Do, Hello, Taken, encode
from evsed.settings import load
from test_app import CONFIG, lines
from test_show import serve

PRESSED = "the emergency stop is still pressed: release it first"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "evsed.toml"
    path.write_text(CONFIG.format(folder=tmp_path))
    return path


def said(argv: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = order.main(argv)
    out, err = capsys.readouterr()
    return code, out, err


# --- the command line ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "code", "out", "err"),
    [
        ({"done": "acknowledge"}, 0, "EVSE 1: acknowledge: done\n", ""),
        ({"refused": PRESSED}, 1, "", f"evsed do: EVSE 1: acknowledge was refused: {PRESSED}\n"),
        (
            {"error": "ask one of: show, trace"},  # a station of an older release
            *(1, "", "evsed do: EVSE 1: acknowledge was refused: ask one of: show, trace\n"),
        ),
    ],
)
def test_the_answer_is_told(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], answer: Any, code: int, out: str, err: str
) -> None:
    end = serve(tmp_path, json.dumps(answer).encode() + b"\n")
    assert said(["acknowledge", "-c", str(config)], capsys) == (code, out, err)
    end()


def test_no_station_answers(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(["wake", "1", "-c", str(config)], capsys) == (
        1,
        "",
        f"evsed do: no station answers at {tmp_path}/run/station.sock (No such file or directory). Is evsed running?\n",
    )


def test_where_there_are_several_one_must_be_named(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = config.read_text()
    config.write_text(text + text[text.index("[evse.1]") :].replace("evse.1", "evse.2"))
    assert said(["unlock", "-c", str(config)], capsys) == (
        2,
        "",
        "evsed do: which EVSE? There are 1, 2: evsed do unlock NUMBER\n",
    )


def test_a_wrong_config_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "none.toml"
    code, _, err = said(["wake", "-c", str(path)], capsys)
    assert (code, str(path) in err) == (78, True)


def test_the_command_knows_what_the_station_does() -> None:
    assert tuple(order.ORDERS) == ORDERS


# --- the station --------------------------------------------------------------------------------------------------


class Pilot:
    """A pilot's end of the socket, real, which refuses to acknowledge and takes everything else."""

    def __init__(self, folder: Path) -> None:
        (folder / "run").mkdir(exist_ok=True)
        self.server = Server(str(folder / "run/pilot.sock"), Hello(VERSION, "digest", "boot-a", {"1": 32.0}))
        self.over = threading.Event()
        self.heard: list[Do] = []
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        while not self.over.is_set():
            self.server.wait(0.05)
            for message in self.server.receive():
                if not isinstance(message, Do):
                    continue
                self.heard.append(message)
                if message.act == "acknowledge":
                    self.server.refuse("acknowledge", PRESSED, message.evse)
                else:
                    self.server.send(encode(Taken(message.evse, message.act)))

    def close(self) -> None:
        self.over.set()
        self.thread.join()
        self.server.close()


def with_a_station(config: Path, folder: Path, story: Callable[[Path], Any]) -> Any:
    """What `story` gives of a running station, given its socket."""

    async def main() -> Any:
        running = asyncio.ensure_future(app.App(load(str(config))).run())
        path = folder / "run/station.sock"
        while not path.exists() and not running.done():  # noqa: ASYNC110 (the station is the peer)
            await asyncio.sleep(0.01)
        result = await story(path)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(running, 10)
        return result

    return asyncio.run(asyncio.wait_for(main(), 20))


async def wait_for_the_pilot(path: Path) -> None:
    while not (await lines(path, b'{"show": true}'))[0]["pilot"]["connected"]:  # noqa: ASYNC110 (the station is the peer)
        await asyncio.sleep(0.01)


def test_the_pilots_own_words_reach_who_asked(config: Path, tmp_path: Path) -> None:
    pilot = Pilot(tmp_path)

    async def story(path: Path) -> Any:
        await wait_for_the_pilot(path)
        return await lines(path, b'{"do": "acknowledge", "evse": 1}', b'{"do": "wake", "evse": 1}')

    try:
        assert with_a_station(config, tmp_path, story) == [{"refused": PRESSED}, {"done": "wake"}]
    finally:
        pilot.close()
    assert pilot.heard == [Do(1, "acknowledge"), Do(1, "wake")]


def test_what_the_station_itself_refuses(config: Path, tmp_path: Path) -> None:
    async def story(path: Path) -> Any:
        return await lines(
            path,
            b'{"do": "acknowledge", "evse": 1}',
            b'{"do": "acknowledge", "evse": 9}',
            b'{"do": "dance", "evse": 1}',
            b'{"do": "skip-delay", "evse": 1}',
            b'{"do": "wake"}',
            b'{"do": "wake", "evse": true}',
        )

    assert with_a_station(config, tmp_path, story) == [
        {"refused": "the pilot process does not answer"},
        {"refused": "there is no EVSE 9, there are 1"},
        {"refused": "unknown; there are acknowledge, selftest, wake, unlock, new-contactor, skip-delay"},
        {"refused": "no random delay runs there"},
        {"error": 'expected {"do": WHAT, "evse": NUMBER}'},
        {"error": 'expected {"do": WHAT, "evse": NUMBER}'},
    ]
