"""A running desk: its processes, and what desk.sock answers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from . import config, control
from .processes import Child, Died

WORLD = ("plug", "unplug", "ask", "card", "ev", "toggle", "temperature", "mains", "fault", "pins", "events", "gaps")
CSMS = ("link", "blackhole", "ledger", "frames", "behave", "tokens", "raw", "interval")
WORN_OUT = 10_000_000  # openings under load; the config allows a contactor as many at most
EX_CONFIG = 78  # a wrong config file: starting again would not help
RESTART_SECONDS = 0.5  # as the units of systemd/ have it


class Desk:
    """The world, the central system (unless there is one elsewhere), the pilot and the station."""

    def __init__(
        self, box: config.Wallbox, world: list[str], csms: list[str] | None, say: Callable[[str], None]
    ) -> None:
        self.box = box
        self.say = say
        log, folder = box.folder, str(box.folder)
        file = str(box.file)
        world_command = ["evsed.desk.world", "--dir", folder, "--evses", str(box.evses), *world]
        self.world = Child("world", world_command, log / "world.log")
        csms_command = ["evsed.desk.csms", "--dir", folder, *(csms or [])]
        self.csms = Child("csms", csms_command, log / "csms.log") if csms is not None else None
        self.pilot = Child("pilot", ["evsed", "pilot", "-c", file], log / "pilot.log")
        self.station = Child("station", ["evsed", "run", "-c", file], log / "station.log")
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.done = asyncio.Event()
        self.up = False  # everything has come up once: from then on what ends is started again
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    # --- up and down ---

    async def start(self) -> None:
        """Start everything; Died when a process does not come up. The wires must be there before who reads them."""
        config.write(self.box)
        await asyncio.gather(*(child.start(tells=True) for child in self._apart()))
        await self.world.ready()
        await self._start(self.pilot)
        if self.csms is not None:
            await self.csms.ready()  # a station that is refused waits for seconds before it tries again
        await self._start(self.station)
        for child in self._apart():
            self._watch(self._mourn(child))
        self._server = await control.serve(control.socket_path(self.box.folder, "desk.sock"), self.handle)
        await asyncio.gather(self._listening(self.pilot), self._listening(self.station))
        self.up = True

    async def start_controller(self) -> None:
        """Start what runs on the controller, and keep it running as the service manager would."""
        for child in (self.pilot, self.station):
            if not child.alive:
                await self._start(child)

    async def _start(self, child: Child) -> None:
        self._socket(child).unlink(missing_ok=True)  # of one that was killed
        await child.start()
        self._watch(self._tend(child))

    def _apart(self) -> list[Child]:
        return [child for child in (self.world, self.csms) if child is not None]

    def _watch(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _mourn(self, child: Child) -> None:
        """Without its world or its central system the desk cannot go on."""
        assert child.process is not None
        await child.process.wait()
        if child.wanted and not self.failed.done():
            self.failed.set_exception(Died(child.epitaph()))

    async def _tend(self, child: Child) -> None:
        """Restart=always: wait for its end, and unless that was wanted, start it again."""
        assert child.process is not None
        code = await child.process.wait()
        if not child.wanted:
            return
        if code == EX_CONFIG or not self.up:
            if not self.failed.done():
                self.failed.set_exception(Died(child.epitaph()))
            return
        self.say(f"{child.name} ended with exit code {code}; it is started again")
        if child is self.pilot:
            await self.release()
        await asyncio.sleep(RESTART_SECONDS)
        if child.wanted:
            await self._start(child)

    def _socket(self, child: Child) -> Path:
        return self.box.runtime / f"{child.name}.sock"

    async def _listening(self, child: Child, seconds: float = 15.0) -> None:
        path = self._socket(child)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.failed.done():
                self.failed.result()
            if path.exists():
                return
            await asyncio.sleep(0.02)
        raise Died(f"{child.name} did not open {path} within {seconds:.0f} s.\n{child.epitaph()}")

    async def release(self) -> None:
        """`evsed pilot --release`, as the service manager runs it after the pilot has ended."""
        child = Child("release", ["evsed", "pilot", "-c", str(self.box.file), "--release"], self.pilot.log)
        await child.start()
        assert child.process is not None
        await child.process.wait()

    async def end(self) -> None:
        """Station and pilot first, so that the contactor's opening is seen by the world; then the rest."""
        if self._server is not None:
            self._server.close()
        await asyncio.gather(self.station.end(), self.pilot.end())
        await asyncio.gather(*(child.end() for child in self._apart()))
        (self.box.folder / "desk.sock").unlink(missing_ok=True)

    # --- asking the others ---

    async def ask_world(self, **message: Any) -> control.Message:
        """A message to world.sock; its answer, ok or not."""
        return await control.ask(self.box.folder / "world.sock", message)

    async def ask_csms(self, **message: Any) -> control.Message:
        """A message to csms.sock; Refused where the central system is not ours."""
        if self.csms is None:
            raise control.Refused(f"the central system is not the desk's: {self.box.url}. Ask it there.")
        return await control.ask(self.box.folder / "csms.sock", message)

    async def show(self) -> control.Message | None:
        """What `evsed show` knows; None while the station does not answer."""
        with contextlib.suppress(OSError, TimeoutError, ValueError):
            return await control.ask(self.box.runtime / "station.sock", {"show": True}, timeout=2)
        return None

    # --- desk.sock ---

    async def handle(self, message: control.Message) -> control.Answer:
        """One control message; see README.md."""
        verb = control.choose(message, "do", (*_OWN, *WORLD, *CSMS))
        if verb in WORLD:
            return await self.ask_world(**message)
        if verb in CSMS:
            return await self.ask_csms(**message)
        answer: control.Message = await _OWN[verb](self, message)
        return answer

    async def _csms(self, message: control.Message) -> control.Message:
        return await self.ask_csms(**(message | {"do": "call"}))

    async def _state(self, message: control.Message) -> control.Message:
        children = {"world": self.world, "csms": self.csms, "pilot": self.pilot, "station": self.station}
        processes = {
            name: {"alive": child.alive, "pid": child.process.pid if child.process and child.alive else None}
            for name, child in children.items()
            if child is not None
        }
        csms = await self.ask_csms(do="state") if self.csms is not None else None
        where = {"dir": str(self.box.folder), "config": str(self.box.file), "url": self.box.url}
        world, show = await self.ask_world(do="state"), await self.show()
        return {**where, "processes": processes, "world": world, "csms": csms, "station": show}

    async def _power(self, message: control.Message) -> control.Message:
        if message["on"]:
            answer = await self.ask_world(do="power", on=True)
            await self.start_controller()
            return answer
        for child in (self.pilot, self.station):
            child.wanted = False
            child.signal(signal.SIGKILL)
        answer = await self.ask_world(do="power", on=False)
        await asyncio.gather(self.pilot.end(signal.SIGKILL), self.station.end(signal.SIGKILL))
        return answer

    def _controller(self, message: control.Message) -> Child:
        return {"pilot": self.pilot, "station": self.station}[control.choose(message, "process", ("pilot", "station"))]

    async def _kill(self, message: control.Message) -> control.Message:
        child = self._controller(message)
        at = time.monotonic()
        await child.end(signal.SIGKILL)
        return {"at": at}

    async def _start_process(self, message: control.Message) -> control.Message:
        child = self._controller(message)
        if child.alive:
            raise control.Refused(f"{child.name} runs already.")
        await self._start(child)
        await self._listening(child)
        return {}

    async def _stall(self, message: control.Message) -> control.Message:
        """A process that gets no time: it does not end, and it does not know."""
        child, seconds = self._controller(message), message.get("seconds", 0.2)
        if not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or not 0.0 < seconds <= 60.0:
            raise control.Refused(f'"stall": "seconds" is {seconds!r}; allowed: a number above 0 and up to 60.')
        at = time.monotonic()
        child.signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            child.signal(signal.SIGCONT)
        return {"at": at, "seconds": time.monotonic() - at}

    async def _break_latches(self, message: control.Message) -> control.Message:
        return await self._leave("pilot-latches.json", "\0 a card that is wearing out")

    async def _wear(self, message: control.Message) -> control.Message:
        counts = {"closings": WORN_OUT, "hot": WORN_OUT, "cold": 0}
        return await self._leave("pilot-counters.json", json.dumps(dict.fromkeys(range(1, self.box.evses + 1), counts)))

    async def _leave(self, name: str, text: str) -> control.Message:
        """The pilot process ends, finds one of its files like that and goes on."""
        await self.pilot.end()
        (self.box.state / name).write_text(text)
        await self._start(self.pilot)
        await self._listening(self.pilot)
        return {}

    async def _release(self, message: control.Message) -> control.Message:
        at = time.monotonic()
        await self.release()
        return {"at": at, "seconds": time.monotonic() - at}

    async def _quit(self, message: control.Message) -> control.Message:
        self.done.set()
        return {}


_OWN = {
    "state": Desk._state,
    "csms": Desk._csms,
    "power": Desk._power,
    "kill": Desk._kill,
    "start": Desk._start_process,
    "stall": Desk._stall,
    "break-latches": Desk._break_latches,
    "wear": Desk._wear,
    "release": Desk._release,
    "quit": Desk._quit,
}
