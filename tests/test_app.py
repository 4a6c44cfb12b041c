"""`evsed run` by its process: what stops it at the start, in whole texts, and its control socket."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from evsed import app, presets
from evsed.model.journal import Booted, Save
from evsed.settings import load
from evsed.station_socket import StationSocket
from evsed.store.database import Store

CONFIG = """
[station]
vendor = "evsed"
model = "test"
serial = "T-1"
state = "{folder}/state"
runtime = "{folder}/run"

[ocpp]
url = ""

[bus.wires]
driver = "desk"
socket = "{folder}/wires.sock"

[evse.1]
max_current = 32.0
phases = 3

[evse.1.pilot]
driver = "desk"
bus = "wires"

[evse.1.contactor]
driver = "desk"
bus = "wires"
"""

READER = """
[reader.front]
driver = "pn532"
port = "{folder}/ttyNone"
"""


@pytest.fixture
def config(tmp_path: Path) -> Callable[..., Path]:
    """Writes evsed.toml of that text."""

    def write(text: str = CONFIG) -> Path:
        path = tmp_path / "evsed.toml"
        path.write_text(text.format(folder=tmp_path))
        return path

    return write


def run(path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = app.main(["-c", str(path)])
    return code, capsys.readouterr().err


def test_a_wrong_config_is_told_whole_and_systemd_need_not_try_again(
    config: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = config(CONFIG.replace("phases = 3", "phases = 2"))
    code, text = run(path, capsys)
    problem = " 18  evse.1.phases = 2  must be 1 or 3."
    assert (code, text) == (78, f"{path}: 1 problem; the pilot stays off until it is fixed.\n{problem}\n")


def test_a_state_folder_that_cannot_be_made_is_told(
    config: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    code, text = run(config(), capsys)
    assert (code, text) == (
        1,
        f"evsed: {tmp_path}/state: the folder for evsed's database cannot be written (File exists). "
        "Make it belong to the user that runs evsed, or name another one in [station] state.\n",
    )


def test_a_second_station_on_the_same_database_does_not_start(
    config: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = Store.open(tmp_path / "state")
    try:
        code, text = run(config(), capsys)
    finally:
        first.close()
    assert (code, text) == (
        1,
        f"evsed: {tmp_path}/state/evsed.db: another evsed is using this database. Stop it first "
        "(systemctl stop evsed), or name another folder in [station] state.\n",
    )


def test_a_reader_that_is_not_there_stops_the_station_in_the_drivers_words(
    config: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = run(config(CONFIG + READER), capsys)
    assert (code, text) == (
        1,
        f"evsed: reader.front: there is no serial port {tmp_path}/ttyNone. Plug the adapter in or enable the port. "
        'Name the right port: "ls -l /dev/serial/by-id" shows the adapters there are.\n',
    )


def test_a_runtime_folder_that_cannot_be_made_is_told(
    config: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run").write_text("a file where the folder should be")
    code, text = run(config(), capsys)
    assert (code, text) == (1, f"evsed: {tmp_path}/run: File exists\n")


# --- the running station ------------------------------------------------------------------------------------------


async def lines(path: Path, *asked: bytes) -> list[Any]:
    """One answer each."""
    reader, writer = await asyncio.open_unix_connection(str(path))
    answers = []
    for line in asked:
        writer.write(line + b"\n")
        answers.append(json.loads(await asyncio.wait_for(reader.readline(), 5)))
    writer.close()
    return answers


async def one_life(config: Path, folder: Path, enough: Callable[[Any], bool] = bool) -> tuple[int, Any]:
    """Starts the station, asks for its view until that is `enough`, and ends it with SIGTERM; exit code and view."""
    running = asyncio.ensure_future(app.App(load(str(config))).run())
    for _ in range(500):
        if (folder / "run/station.sock").exists() or running.done():
            break
        await asyncio.sleep(0.01)
    async with asyncio.timeout(10):
        while not enough(view := (await lines(folder / "run/station.sock", b'{"show": true}'))[0]):  # noqa: ASYNC110 (another process)
            await asyncio.sleep(0.05)
    os.kill(os.getpid(), signal.SIGTERM)
    return await asyncio.wait_for(running, 10), view


def test_a_station_without_pilot_or_central_system_shows_itself_and_ends_on_sigterm(
    config: Callable[..., Path], tmp_path: Path
) -> None:
    code, view = asyncio.run(one_life(config(), tmp_path))
    assert code == 0
    assert not (tmp_path / "run/station.sock").exists()
    assert (view["station"], view["queue"], view["dead_letters"], view["disk"]) == ("T-1", 0, 0, None)
    assert view["outlets"] == {}  # no pilot is heard
    assert view["sessions"]["1"]["why"] == "no vehicle is plugged in"


def test_a_temperature_in_a_file_lowers_what_is_offered(config: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "temp").write_text("66000\n")
    text = CONFIG + '[thermometer.housing]\ndriver = "sysfs"\npath = "{folder}/temp"\n'
    code, view = asyncio.run(one_life(config(text), tmp_path, lambda view: view["supervision"]["1"]["standing"]))
    assert code == 0
    assert view["supervision"]["1"] == {
        "standing": {"temperature derating": "housing 66.0 °C: 16.0 A of 32 A"},
        "ceilings": {"temperature": 16.0},
        "celsius": {"housing": 66.0},
    }
    assert {"source": "temperature", "amps": 16.0} in view["limits"]["1"]["limits"]


def test_a_temperature_sensor_that_is_not_there_stops_the_station_in_the_drivers_words(
    config: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = run(config(CONFIG + '[thermometer.housing]\ndriver = "sysfs"\npath = "{folder}/temp"\n'), capsys)
    assert (code, text) == (
        1,
        f"evsed: thermometer.housing: there is no file {tmp_path}/temp. Check the sensor's wire, its kernel driver "
        '(on a Pi its dtoverlay) and `path`; "ls /sys/class/hwmon /sys/class/thermal /sys/bus/w1/devices" shows what '
        "there is.\n",
    )


def test_the_longest_random_delay_of_the_config_is_the_first_value_of_its_variable(
    config: Callable[..., Path],
) -> None:
    settings = load(str(config(CONFIG + "[supervision]\nrandom_delay = 600\n")))
    assert presets.variables(settings)["RandomisedDelayCtrlr.MaxDelay"] == "600"
    more = "[ocpp.keys]\nRandomisedDelayMax = 900\n[supervision]\nrandom_delay = 600\n"
    settings = load(str(config(CONFIG + more)))
    assert presets.variables(settings)["RandomisedDelayCtrlr.MaxDelay"] == "900"


def test_the_station_lets_go_of_its_buses_at_the_end(config: Callable[..., Path], tmp_path: Path) -> None:
    ends: list[bytes] = []

    async def main() -> None:
        met = asyncio.Event()

        async def gateway(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(12)  # a request, which is left without an answer
            met.set()
            ends.append(await reader.read())
            writer.close()

        server = await asyncio.start_server(gateway, "127.0.0.1")
        port = server.sockets[0].getsockname()[1]
        bus = f'[bus.gateway]\ndriver = "modbus-tcp"\nhost = "127.0.0.1"\nport = {port}\ntimeout_ms = 900\n'
        meter = '[evse.1.meter]\ndriver = "modbus"\nmap = "eastron-sdm630"\nbus = "gateway"\n'
        async with server:
            running = asyncio.ensure_future(app.App(load(str(config(f"{CONFIG}\n{bus}\n{meter}")))).run())
            await asyncio.wait_for(met.wait(), 10)
            os.kill(os.getpid(), signal.SIGTERM)
            assert await asyncio.wait_for(running, 10) == 0
            async with asyncio.timeout(5):
                while not ends:  # noqa: ASYNC110 (the gateway is the peer)
                    await asyncio.sleep(0.01)

    asyncio.run(main())


def test_what_the_last_run_was_ended_for_is_told_once(config: Callable[..., Path], tmp_path: Path) -> None:
    store = Store.open(tmp_path / "state")
    store.submit([Save("restart", "cause", "RemoteReset")])
    store.close()
    asyncio.run(one_life(config(), tmp_path))
    after = Store.open(tmp_path / "state")
    assert after.things("restart") == {}
    after.close()


def test_a_part_that_ends_takes_the_station_with_it_for_systemd_to_start_it_again(
    config: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    class Part(app.App):
        async def _watchdog(self) -> None:
            raise LookupError("a mistake")

    code = asyncio.run(asyncio.wait_for(Part(load(str(config()))).run(), 10))
    text = capsys.readouterr().err
    assert code == 1
    words = "a mistake of evsed, the station ends and is to be started again: LookupError('a mistake')"
    assert words in text
    assert "Traceback" in text


def test_a_restart_within_a_boot_knows_the_time_that_the_central_system_told(
    config: Callable[..., Path], tmp_path: Path
) -> None:
    store = Store.open(tmp_path / "state")
    store.submit([Booted(store.new_boot(), 4e9)])
    store.close()
    _, view = asyncio.run(one_life(config(), tmp_path))
    assert view["clock"]["utc"] > 4e9


# --- the control socket -------------------------------------------------------------------------------------------


class Frames:
    """Something whose frames can be heard."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[str, str], None]] = []

    def observe(self, listener: Callable[[str, str], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)


async def nothing_is_done(evse: int, what: str) -> str | None:
    return f"no {what} at EVSE {evse}"


def test_the_control_socket_shows_traces_and_says_what_it_understands(tmp_path: Path) -> None:
    async def story() -> None:
        frames, path = Frames(), tmp_path / "station.sock"
        control = StationSocket(str(path), lambda: {"station": "T-1"}, frames.observe, nothing_is_done)
        await control.start()
        assert path.stat().st_mode & 0o777 == 0o660
        deep = b"[" * 20_000
        assert await lines(path, deep, b'{"show": true}', b"nonsense", b'{"sing": 1}', b"[1]", b'{"show": true}') == [
            {
                "error": "not JSON (maximum recursion depth exceeded while decoding a JSON array from a unicode "
                "string); ask one of: show, trace, do"
            },
            {"station": "T-1"},
            {"error": "not JSON (Expecting value: line 1 column 1 (char 0)); ask one of: show, trace, do"},
            {"error": "ask one of: show, trace, do"},
            {"error": "ask one of: show, trace, do"},
            {"station": "T-1"},
        ]
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b'{"trace": true}\n')
        assert json.loads(await reader.readline()) == {"trace": True}
        frames.listeners[0]("out", "[2]")
        assert json.loads(await reader.readline()) == {"direction": "out", "frame": "[2]"}
        writer.close()
        for _ in range(500):
            if not frames.listeners:
                break
            await asyncio.sleep(0.01)
        assert frames.listeners == []
        await control.close()
        assert not path.exists()

    asyncio.run(asyncio.wait_for(story(), 10))


def test_a_socket_left_by_a_killed_station_is_replaced(tmp_path: Path) -> None:
    async def story() -> None:
        path = tmp_path / "station.sock"
        for _ in range(2):
            control = StationSocket(str(path), lambda: {"station": "T-1"}, Frames().observe, nothing_is_done)
            await control.start()  # the first one is never closed
        assert await lines(path, b'{"show": true}') == [{"station": "T-1"}]
        await control.close()

    asyncio.run(asyncio.wait_for(story(), 10))
