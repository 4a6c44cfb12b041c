"""A link with a real store, real dialects and a real websocket server; the test plays the station and the server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from evsed.clock import Clock
from evsed.core.effects import Ask
from evsed.model.inputs import Input
from evsed.model.journal import Entry, Tell
from evsed.model.questions import Boot
from evsed.model.reports import ConnectorReport, Kind, Report, TransactionReport
from evsed.model.time import Instant
from evsed.model.tokens import Token
from evsed.model.topology import Evse, Topology
from evsed.model.transactions import ChargingState, Context, Sample, StopReason, Trigger, Value
from evsed.ocpp.dialects.v16 import V16
from evsed.ocpp.dialects.v201 import V201
from evsed.ocpp.link import Link
from evsed.store.database import Store
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

TOPOLOGY = Topology("evsed", "desk", "SN1", "0.1.0", (Evse(1, 32, 3, 6), Evse(2, 32, 3, 6)), 32)
DEFAULTS = {
    "OCPPCommCtrlr.MessageAttempts[TransactionEvent]": "3",
    "OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]": "0.05",
    "OCPPCommCtrlr.MessageTimeout[Default]": "0.5",
    "OCPPCommCtrlr.WebSocketPingInterval": "30",
    "OCPPCommCtrlr.RetryBackOffWaitMinimum": "1",
    "OCPPCommCtrlr.RetryBackOffRandomRange": "0",
    "OCPPCommCtrlr.RetryBackOffRepeatTimes": "0",
    "SecurityCtrlr.BasicAuthPassword": "",
}


class Variables:
    """The variables as a dictionary."""

    def __init__(self, **changed: str) -> None:
        self.values = DEFAULTS | {DEFAULTS_BY_LAST[name]: value for name, value in changed.items()}

    def text(self, name: str) -> str:
        return self.values[name]

    def integer(self, name: str) -> int:
        return int(self.values[name])

    def decimal(self, name: str) -> float:
        return float(self.values[name])

    def boolean(self, name: str) -> bool:
        return self.values[name] == "true"

    def members(self, name: str) -> tuple[str, ...]:
        return tuple(self.values[name].split(","))


DEFAULTS_BY_LAST = {name.split(".")[1].split("[")[0]: name for name in DEFAULTS}


class Rig:
    """`inputs` is what the station heard; `tell` queues reports as a commit of the station does."""

    def __init__(self, folder: Path, url: str, versions: Sequence[str] = ("1.6",), **settings: Any) -> None:
        self.store = Store.open(folder)
        self.inputs: list[Input] = []
        self.logs: list[str] = []
        self.variables = Variables(**settings.pop("variables", {}))
        clock = settings.pop("clock", None) or Clock(self.store.new_boot())
        ocpp = {"identity": "CP 1", "password": "", "ca": "", "url": url, "versions": tuple(versions)} | settings
        self.link = Link(
            SimpleNamespace(**ocpp),
            {"1.6": V16(), "2.0.1": V201()},
            TOPOLOGY,
            self.store,
            clock,
            self.variables,
            self.put,
            lambda text, level: self.logs.append(text),
        )
        self.heard = asyncio.Event()
        self.frames: list[tuple[str, str]] = []
        self.link.observe(lambda direction, text: self.frames.append((direction, text)))
        self.on_input: Callable[[Input], None] = lambda input: None

    def put(self, input: Input, entries: Sequence[Entry] = (), done: Callable[[], None] | None = None) -> None:
        def carried_out() -> None:
            self.inputs.append(input)
            self.on_input(input)
            self.heard.set()
            if done is not None:
                done()

        if entries:
            self.store.submit(entries, carried_out)
        else:
            carried_out()  # as the station's inbox does

    def tell(self, *reports: Report) -> list[int]:
        return self.store.submit([Tell(report) for report in reports], self.link.queued)

    def boot(self, id: int = 1, patience: float = 5.0) -> None:
        self.link.ask(Ask(id, Boot("PowerUp"), Clock().mono() + patience))

    async def until(self, condition: Callable[[], object], patience: float = 5.0) -> None:
        async with asyncio.timeout(patience):
            while not condition():  # noqa: ASYNC110 (most conditions are about the peer)
                await asyncio.sleep(0.01)

    def has(self, kind: type) -> bool:
        return any(isinstance(input, kind) for input in self.inputs)


@asynccontextmanager
async def running(rig: Rig) -> AsyncIterator[Rig]:
    """The link runs inside."""
    task = asyncio.create_task(rig.link.run())
    try:
        yield rig
    finally:
        await rig.link.close()
        await asyncio.wait_for(task, 5)
        assert rig.store.close()


class Csms:
    """A websocket server that keeps what it was sent, and answers by `answers`: action -> payload, or a text that is
    sent as it is ("%s" becomes the message id), or None for silence. A list gives one answer after another."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {"BootNotification": BOOTED, "StatusNotification": {}, "MeterValues": {}} | answers
        self.texts: list[str] = []
        self.sockets: list[ServerConnection] = []
        self.headers: list[Any] = []
        self.server: Server | None = None

    def calls(self, action: str = "") -> list[Any]:
        frames = [json.loads(text) for text in self.texts]
        return [frame for frame in frames if frame[0] == 2 and action in ("", frame[2])]

    def replies(self) -> list[Any]:
        return [frame for frame in map(json.loads, self.texts) if frame[0] != 2]

    @property
    def port(self) -> int:
        assert self.server is not None
        return int(next(iter(self.server.sockets)).getsockname()[1])

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ocpp"

    async def _serve(self, socket: ServerConnection) -> None:
        self.sockets.append(socket)
        self.headers.append(socket.request)
        with suppress(ConnectionClosed):
            async for text in socket:
                assert isinstance(text, str)
                self.texts.append(text)
                kind, id, *rest = json.loads(text)
                if kind == 2:
                    await self.answer(socket, id, rest[0], rest[1])

    async def answer(self, socket: ServerConnection, id: str, action: str, payload: Any) -> None:
        answer = self.answers.get(action)
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if callable(answer):
            answer = answer(payload)
        if isinstance(answer, str):
            await socket.send(answer.replace("%s", id))
        elif answer == {"close": True}:
            await socket.close()
        elif answer is not None:
            await socket.send(json.dumps([3, id, answer]))


BOOTED = {"status": "Accepted", "currentTime": "2026-11-21T08:00:00Z", "interval": 300}
TAKEN = {"idTagInfo": {"status": "Accepted"}}


@asynccontextmanager
async def central(csms: Csms, versions: Sequence[str] = ("ocpp1.6",), port: int = 0, **how: Any) -> AsyncIterator[Csms]:
    """`csms` listens on loopback inside."""
    async with serve(csms._serve, "127.0.0.1", port, subprotocols=list(versions), close_timeout=0.2, **how) as server:  # type: ignore[arg-type]
        csms.server = server
        yield csms


def at(second: float) -> Instant:
    """An instant of the test's own hour."""
    return Instant(second, 1_800_000_000.0 + second, 1)


def connector(evse: int, info: str = "", second: float = 0.0) -> ConnectorReport:
    """A state of that connector."""
    return ConnectorReport(at(second), evse, True, info=info)


def event(seq: int, kind: Kind, transaction: str = "tx-1", wh: float = 1000.0) -> TransactionReport:
    """An event of a transaction on EVSE 1."""
    trigger = {Kind.STARTED: Trigger.AUTHORIZED, Kind.UPDATED: Trigger.METER_VALUE_PERIODIC}.get(
        kind, Trigger.STOP_AUTHORIZED
    )
    reason = StopReason.LOCAL if kind is Kind.ENDED else None
    samples = (energy(seq, wh),) if kind is Kind.UPDATED else ()
    token = None if kind is Kind.UPDATED else Token("04A1")
    return TransactionReport(
        at(seq), transaction, 1, seq, kind, trigger, ChargingState.CHARGING, False, token, wh, samples, (), reason
    )


def energy(second: float, wh: float) -> Sample:
    """A periodic sample."""
    return Sample(at(second), Context.PERIODIC, (Value("Energy.Active.Import.Register", wh, "Wh"),))
