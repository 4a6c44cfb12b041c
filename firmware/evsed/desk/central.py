"""The desk's central system behind its websocket: it answers stations, checks what they say, misbehaves when told.

It is the second opinion on evsed: frames are recorded as they came, before any parsing (tape.py);
payloads are held against the schemas of the `ocpp` library; the ledger (ledger.py) judges order and repeats.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from ocpp.exceptions import OCPPError
from ocpp.messages import Call, CallError, CallResult, _validate_payload, unpack
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from . import control
from .answers import Context, Tokens, answer
from .behaviour import FORGETS, Behaviour, Rule
from .ledger import Ledger
from .tape import Frame, Tape


def stamp() -> str:
    """The OCPP dateTime of now."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


@dataclass
class Heard:
    """A call that came once: what it was, and what was answered if it was entered."""

    text: str
    reply: str | None = None  # None: it was not entered, so it may rightly come again


@dataclass
class Station:
    """One station by its identity, over all its connections."""

    id: str
    version: str = ""
    connection: ServerConnection | None = None
    connections: int = 0
    heard: dict[str, Heard] = field(default_factory=dict)  # by message id
    asked: dict[str, tuple[str, asyncio.Future[Any]]] = field(default_factory=dict)  # our calls in flight
    answering: str | None = None  # the message id of its call that is not answered yet
    boot: dict[str, Any] | None = None
    boots: int = 0
    status: dict[str, Any] = field(default_factory=dict)  # "evse.connector" -> last status


class CentralSystem:
    """Everything behind the websocket. `offer` lists the versions it knows, the preferred one first."""

    def __init__(self, offer: tuple[str, ...], password: str = "", interval: int = 300, trust: bool = False) -> None:
        self.offer = offer
        self.password = password
        self.interval = interval
        self.trust = trust  # leave the schemas out: for measuring speed
        self.stations: dict[str, Station] = {}
        self.tokens = Tokens()
        self.behaviour = Behaviour()
        self.ledger = Ledger()
        self.tape = Tape()
        self.violations: list[str] = []  # frames and payloads that the specification does not allow
        self.strangers: list[str] = []  # answers to nothing that was asked
        self.resent = 0  # came again, identical, although it had been entered
        self.retried = 0  # came again, identical, after it had been refused or swallowed
        self.counts: Counter[str] = Counter()
        self.clear = asyncio.Event()  # not set: a black hole, TCP stands and nothing gets through
        self.clear.set()

    # --- the websocket side ---

    async def admit(self, connection: ServerConnection, request: Request) -> Response | None:
        """Check HTTP Basic; a black hole does not even answer the handshake."""
        await self.clear.wait()
        if not self.password:
            return None
        identity = request.path.rsplit("/", 1)[-1]
        expected = base64.b64encode(f"{identity}:{self.password}".encode()).decode()
        if request.headers.get("Authorization") == f"Basic {expected}":
            return None
        return connection.respond(HTTPStatus.UNAUTHORIZED, "identity or password is wrong\n")

    async def serve_station(self, connection: ServerConnection) -> None:
        """Talk with one connected station until it goes."""
        assert connection.request is not None
        identity = connection.request.path.rsplit("/", 1)[-1]
        station = self.stations.setdefault(identity, Station(identity))
        if station.connection is not None:
            station.connection.transport.abort()  # a station has one connection: the newer one is the live one
        version = (connection.subprotocol or "ocpp1.6").removeprefix("ocpp")
        station.connection, station.version, station.answering = connection, version, None
        station.connections += 1
        try:
            async for text in connection:
                await self.clear.wait()
                await self._receive(station, text if isinstance(text, str) else text.decode(errors="replace"))
        except ConnectionClosed:
            pass
        finally:
            if station.connection is connection:
                station.connection = None
            for _, future in station.asked.values():
                future.cancel()

    def _record(self, station: Station, sender: str, text: str) -> Frame:
        self.counts[f"from {sender}"] += 1
        return self.tape.record(station.id, sender, text)

    async def _send(self, station: Station, text: str, kind: str, action: str | None) -> None:
        frame = self._record(station, "csms", text)
        frame |= {"kind": kind, "action": action}
        await self.clear.wait()
        if station.connection is not None:
            with contextlib.suppress(ConnectionClosed):
                await station.connection.send(text)

    async def _receive(self, station: Station, text: str) -> None:
        frame = self._record(station, "station", text)
        try:
            message = unpack(text)
        except OCPPError as error:
            self.violations.append(f"{station.id}: {text[:200]}: not an OCPP frame: {error.details}.")
            return
        if isinstance(message, Call):
            frame |= {"kind": "call", "action": message.action}
            self.counts[message.action] += 1
            await self._called(station, message, text)
        else:
            frame["kind"] = "result" if isinstance(message, CallResult) else "error"
            frame["action"] = self._answered(station, message, text)

    async def _called(self, station: Station, call: Call, text: str) -> None:
        if station.answering is not None:
            self.violations.append(f"{station.id}: {call.action} came before {station.answering} was answered.")
        heard = station.heard.get(call.unique_id)
        if heard is not None and heard.text != text:
            self.ledger.conflicts.append(f"{station.id}: id {call.unique_id} came with another body: {text[:300]}.")
            heard = None
        rule = self.behaviour.next(call.action, call.payload if isinstance(call.payload, dict) else {})
        if heard is not None and heard.reply is not None:
            self.resent += 1
            reply = heard.reply
        else:
            self.retried += heard is not None
            heard = station.heard[call.unique_id] = Heard(text)
            if rule is not None and rule.how in FORGETS:
                await self._forget(station, call, rule)
                return
            reply = heard.reply = self._enter(station, call, rule)
        if rule is not None and rule.how == "slow":
            station.answering = call.action
            asyncio.get_running_loop().create_task(self._answer_later(station, call, reply, rule.seconds))
            return
        if rule is not None and rule.how == "lost":
            return
        if rule is not None and rule.how == "stranger":
            await self._send(station, f'[3,"{uuid.uuid4()}",{{}}]', "result", None)
        await self._send(station, reply, "error" if reply.startswith("[4") else "result", call.action)

    async def _answer_later(self, station: Station, call: Call, reply: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        station.answering = None
        await self._send(station, reply, "result", call.action)

    async def _forget(self, station: Station, call: Call, rule: Rule) -> None:
        if rule.how == "callerror":
            reply = CallError(call.unique_id, rule.code, rule.description, {}).to_json()
            await self._send(station, reply, "error", call.action)
        elif rule.how == "garbage":
            await self._send(station, rule.text, "garbage", call.action)

    def _enter(self, station: Station, call: Call, rule: Rule | None) -> str:
        """Check a call, write it into the books and return the answer's text."""
        if not self._check(station, call):
            return str(CallError(call.unique_id, "FormationViolation", "see the desk's violations", {}).to_json())
        transaction = self.ledger.take(station.id, station.version, call.action, call.payload)
        if call.action == "BootNotification":
            station.boot, station.boots = call.payload, station.boots + 1
        elif call.action == "StatusNotification":
            evse, connector = call.payload.get("evseId"), call.payload["connectorId"]
            station.status[f"{evse}.{connector}" if evse is not None else str(connector)] = call.payload
        context = Context(stamp(), self.interval, self.tokens, transaction)
        payload = answer(station.version, call.action, call.payload, context)
        if payload is None:
            text = "the desk's central system does not know this action"
            return str(CallError(call.unique_id, "NotImplemented", text, {}).to_json())
        payload = rule.over(call.action, payload) if rule is not None else payload
        if transaction is not None and transaction.verdict is None:
            info = payload.get("idTagInfo") or payload.get("idTokenInfo")
            transaction.verdict = info["status"] if info else None
        return str(CallResult(call.unique_id, payload).to_json())

    def _check(self, station: Station, message: Call | CallResult) -> bool:
        if self.trust:
            return True
        payload = message.payload
        try:
            _validate_payload(message, station.version)
        except OCPPError as error:
            cause = error.details.get("cause", error.description)
            self.violations.append(f"{station.id}: {message.action} {json.dumps(payload)[:500]}: {cause}")
            return False
        finally:
            message.payload = payload  # the library leaves Decimals in some, which JSON does not know
        return True

    def _answered(self, station: Station, message: CallResult | CallError, text: str) -> str | None:
        action, future = station.asked.pop(message.unique_id, (None, None))
        if future is None or action is None:
            self.strangers.append(f"{station.id}: {text[:300]}")
            return None
        if isinstance(message, CallResult):
            message.action = action
            self._check(station, message)
        if not future.done():
            future.set_result(message)
        return action

    # --- the control side ---

    def _station(self, message: control.Message) -> Station:
        identity = message.get("station")
        live = [station for station in self.stations.values() if station.connection is not None]
        if identity is None and len(live) == 1:
            return live[0]
        for station in live:
            if station.id == identity:
                return station
        names = ", ".join(sorted(station.id for station in live)) or "none"
        raise control.Refused(f'"station": {json.dumps(identity)} is not connected; connected now: {names}.')

    async def call(self, message: control.Message) -> control.Message:
        """Send a call to a station and wait for its answer; a CALLERROR is told apart by `callerror`."""
        station = self._station(message)
        action, id = str(message["action"]), str(message.get("id") or uuid.uuid4())
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        station.asked[id] = (action, future)
        await self._send(station, Call(id, action, message.get("payload", {})).to_json(), "call", action)
        try:
            async with asyncio.timeout(float(message.get("timeout", 30))):
                result = await future
        except TimeoutError:
            raise control.Refused(f"{action}: {station.id} did not answer.") from None
        except asyncio.CancelledError:
            if not future.cancelled():
                raise
            raise control.Refused(f"{action}: the connection of {station.id} broke before it answered.") from None
        finally:
            station.asked.pop(id, None)
        if isinstance(result, CallResult):
            return {"answer": result.payload}
        error = {"code": result.error_code, "description": result.error_description, "details": result.error_details}
        return {"ok": False, "error": f"{action}: {result.error_code}: {result.error_description}", "callerror": error}

    async def raw(self, message: control.Message) -> control.Message:
        """Send a text as it stands."""
        await self._send(self._station(message), str(message["text"]), "garbage", None)
        return {}

    def book(self) -> control.Message:
        """The ledger with every finding; `clean` says that there is none."""
        transactions = [transaction.view() for transaction in self.ledger.transactions]
        findings = bool(self.ledger.conflicts or self.violations or self.strangers)
        return {
            "clean": not findings and not any(t["problems"] for t in transactions),
            "transactions": transactions,
            "conflicts": self.ledger.conflicts,
            "violations": self.violations,
            "strangers": self.strangers,
            "unbound": self.ledger.unbound,
            "resent": self.resent,
            "retried": self.retried,
            "messages": dict(self.counts),
        }

    def state(self) -> control.Message:
        """Who is connected, and what they said of themselves."""
        return {
            "stations": {
                s.id: {
                    "connected": s.connection is not None,
                    "version": s.version,
                    "connections": s.connections,
                    "boots": s.boots,
                    "boot": s.boot,
                    "status": s.status,
                }
                for s in self.stations.values()
            },
            "offer": list(self.offer),
            "frames": self.tape.last,
        }
