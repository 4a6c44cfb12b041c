"""The command `evsed desk`: a whole wallbox on this machine, its charge played, and the words that drive it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import config, control, faults, running, verbs
from .charge import STEPS, Charge
from .meter_models import MODELS
from .processes import Died
from .screen import Screen
from .wallbox import Desk

OPTION_HELP = "an option of evsed.toml, such as evse.1.wake_up=off"
SAMPLES = {"SampledDataCtrlr.TxUpdatedInterval": "5"}  # so that the short charge that is played has some

POKE = """
The desk stays up. Poke it from another terminal ({where}):
  evsed desk do plug | unplug | card 04A1B2C3 | ask on|off|auto | ev --max-amps 8 | mains off
  evsed desk do link down | csms GetConfiguration '{{"key":[]}}' | ledger | state
  evsed desk do fault (lists what can be broken) | fault welded on | power off | kill station | start station
Ctrl-C ends it.
"""


def main(argv: list[str]) -> int:
    """0: all went well (with --once: every step was observed); 1: it did not; 2: a wrong command line."""
    try:
        if argv[:1] == ["do"]:
            return do(argv[1:])
        options = _parser().parse_args(argv)
        return asyncio.run(run(options))
    except control.Refused as refused:
        print(refused, file=sys.stderr)
        return 2
    except (Died, OSError, TimeoutError) as problem:
        print(f"evsed desk: {problem}", file=sys.stderr)
        return 1


def do(argv: Sequence[str]) -> int:
    """Send one word to a running desk; prints the answer as JSON."""
    folder = None
    if argv[:1] == ["--dir"]:
        if len(argv) < 2:
            raise control.Refused("evsed desk do --dir: needs the desk's folder.")
        folder, argv = Path(argv[1]), argv[2:]
    if list(argv) == ["fault"]:
        print(faults.listing())
        return 0
    message = verbs.message(argv)
    answer = control.ask_now(running.find(folder), message, timeout=60)
    print(json.dumps(answer, indent=2, ensure_ascii=False))
    return 0 if answer["ok"] else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="evsed desk",
        description="A wallbox made of wires: plays one charge, stays up and lets itself be poked.",
        epilog="evsed desk do WORD ... drives a running one; without a WORD it lists them all.",
    )
    play = parser.add_argument_group("the charge that is played")
    play.add_argument("--once", action="store_true", help="end after it; exit code 0 only if every step was observed")
    play.add_argument("--json", action="store_true", help="as --once, with one JSON object as all of the output")
    play.add_argument("--seconds", type=float, default=20.0, help="its length (20)")
    box = parser.add_argument_group("the wallbox")
    box.add_argument("--ocpp", choices=("1.6", "2.0.1"), help="offer only this version; else the CSMS chooses")
    box.add_argument("--id", default="CP001", help="its identity (CP001)")
    box.add_argument("--evses", type=int, default=1, help="how many outlets (1)")
    box.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="preset a 1.6 key or 2.x variable")
    box.add_argument("--option", action="append", default=[], metavar="TABLE.NAME=VALUE", help=OPTION_HELP)
    box.add_argument("--without", action="append", default=[], choices=config.EXTRAS, help="leave a part out")
    box.add_argument("--socket", action="store_true", help="outlets with loose cables: PP is measured")
    box.add_argument("--meter", choices=tuple(MODELS), default="sdm630", help="em340 tells how the phases turn")
    box.add_argument("--lease", choices=("go on", "stop"), default="go on", help="when the station process is gone")
    box.add_argument("--password", default="", help="HTTP Basic")
    box.add_argument("--ca", default="", help="PEM file that the CSMS's certificate is checked against")
    box.add_argument("--ev", choices=("auto", "manual"), default="auto", help="manual: S2 is left to the script")
    box.add_argument("--register-wh", type=float, default=0.0, help="where the meters start (0)")
    box.add_argument("--dir", type=Path, help="folder of sockets, config and logs (a new one under the system's tmp)")
    box.add_argument("--state-dir", type=Path, help="folder of the station's database (DIR/state)")
    alone = parser.add_argument_group("without the play")
    alone.add_argument("--headless", action="store_true", help="a virtual charge point: one line of JSON when it is up")
    alone.add_argument("--csms", metavar="URL", help="a CSMS of yours, ws://... or wss://... without the identity")
    own = parser.add_argument_group("the desk's own CSMS")
    own.add_argument("--offer", default="2.0.1,1.6", help="versions it takes, the preferred one first")
    own.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"), help="serve wss; the certificate must name localhost")
    return parser


def _pairs(flag: str, pairs: Sequence[str], example: str) -> dict[str, str]:
    for pair in pairs:
        if "=" not in pair:
            raise control.Refused(f"{flag} {pair}: expected a name, = and a value, such as {example}.")
    return dict(pair.split("=", 1) for pair in pairs)


def _port(folder: Path) -> int:
    """A free port, the same as last time in this folder where it can be: to a station another port is another CSMS."""
    kept = folder / "csms.port"
    wishes = [int(kept.read_text())] if kept.exists() else []
    for wish in [*wishes, 0]:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", wish))
            port: int = probe.getsockname()[1]
            kept.write_text(str(port))
            return port
    raise control.Refused("no free port on 127.0.0.1.")


def _desk(options: argparse.Namespace, folder: Path, screen: Screen) -> Desk:
    own = options.csms is None
    url, arguments = options.csms, None
    if own:
        port = _port(folder)
        arguments = ["--port", str(port), "--offer", options.offer, "--password", options.password]
        url = f"ws://127.0.0.1:{port}/ocpp"
        if options.tls:
            arguments += ["--tls", *options.tls]
            url = f"wss://localhost:{port}/ocpp"
    box = config.Wallbox(
        folder=folder,
        state=(options.state_dir or folder / "state").absolute(),
        url=url,
        identity=options.id,
        versions=(options.ocpp,) if options.ocpp else ("2.0.1", "1.6"),
        password=options.password,
        ca=options.ca or (str(Path(options.tls[0]).absolute()) if options.tls else ""),
        evses=options.evses,
        socket=options.socket,
        meter_map=MODELS[options.meter].map,
        without=frozenset(options.without),
        options=_pairs("--option", options.option, "supervision.pen_fault=true"),
        when_station_is_gone=options.lease,
        presets=({} if options.headless else SAMPLES) | _pairs("--set", options.set, "HeartbeatInterval=300"),
    )
    world = ["--register-wh", str(options.register_wh), "--ev", options.ev, "--rcd", config.RCD]
    world += ["--meter", options.meter]
    return Desk(box, world + ["--socket"] * options.socket, arguments, screen.line)


async def run(options: argparse.Namespace) -> int:
    """Bring the desk up, play or wait, and take it down; its exit code."""
    if options.csms is not None and not options.headless:
        raise control.Refused("--csms: the play is proved by the desk's own CSMS; with yours, use --headless.")
    if options.evses < 1:
        raise control.Refused(f"--evses {options.evses}: at least 1.")
    folder = (options.dir or Path(tempfile.mkdtemp(prefix="evsed-desk-"))).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if running.answers(folder / "desk.sock"):
        raise control.Refused(f"--dir {folder}: a desk runs there already.")
    screen = Screen(None if options.json else sys.stderr if options.headless else sys.stdout)
    desk = _desk(options, folder, screen)
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, desk.done.set)
    link, good = running.register(folder), False
    try:
        code = await _unless_ended(desk, _up(desk, options, screen))
        good = code == 0
        return code
    finally:
        await desk.end()
        link.unlink(missing_ok=True)
        if options.dir is None and good:
            shutil.rmtree(folder, ignore_errors=True)
        elif not good:
            print(f"evsed desk: logs and database are kept in {folder}", file=sys.stderr)


async def _unless_ended(desk: Desk, work: Any) -> int:
    """Do the work until it is done, a signal comes (0), or a process of the desk cannot go on (Died)."""
    task: asyncio.Task[int] = asyncio.create_task(work)
    ended = asyncio.create_task(desk.done.wait())
    awaited: list[asyncio.Future[Any]] = [task, ended, desk.failed]
    await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
    ended.cancel()
    if task.done():
        return task.result()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    if desk.failed.done():
        desk.failed.result()
    return 0


async def _up(desk: Desk, options: argparse.Namespace, screen: Screen) -> int:
    await desk.start()
    if options.headless:
        where = {"dir": str(desk.box.folder), "desk": str(desk.box.folder / "desk.sock"), "url": desk.box.url}
        print(json.dumps({"ready": True, "id": options.id, **where}), flush=True)
        await desk.done.wait()
        return 0
    live = [asyncio.create_task(work) for work in (_frames(desk, screen), _status(desk, screen))]
    try:
        charge = Charge(desk, screen, options.seconds, options.ocpp)
        good = await charge.play()
        _tell(charge, good, options, screen)
        if not (options.once or options.json):
            screen.plain(POKE.format(where=desk.box.folder))
            await desk.done.wait()
            return 0
        return 0 if good else 1
    finally:
        for task in live:
            task.cancel()


async def _frames(desk: Desk, screen: Screen) -> None:
    async for answer in control.watch(desk.box.folder / "csms.sock", {"do": "watch"}):
        screen.frame(answer["frame"])


async def _status(desk: Desk, screen: Screen) -> None:
    show: dict[str, Any] | None = None
    count = 0
    async for world in control.watch(desk.box.folder / "world.sock", {"do": "watch"}):
        if count % 5 == 0:  # once a second
            show = await desk.show()
            if show is not None:
                screen.heard(show, desk.box.evses)
        count += 1
        screen.status(world, show)


def _tell(charge: Charge, good: bool, options: argparse.Namespace, screen: Screen) -> None:
    if options.json:
        messages = charge.book.get("messages", {})
        counts = {"sent": messages.get("from station", 0), "received": messages.get("from csms", 0)}
        told = {"ok": good, "ocpp": charge.version, "steps": charge.results, "energy_wh": charge.energies()}
        print(json.dumps(told | {"messages": counts}))
        return
    rows = [
        f"  {'ok ' if row['ok'] else 'NOT'}  {'' if row['at_s'] is None else row['at_s']:>7}  {row['name']}"
        for row in charge.results
    ]
    reached = sum(row["ok"] for row in charge.results)
    verdict = f"{reached} of {len(STEPS)} steps observed by the desk's world and its CSMS, OCPP {charge.version or '?'}"
    screen.plain("\n".join(["", "          s  step", *rows, "", verdict]))
