"""The scripted charge that `evsed desk` plays: a table of steps, each proved by the world or the central system.

A step is true when an instrument of the desk shows it: the electrical model (`world`), the frames and the ledger of
the central system (`csms`). What evsed says of itself counts for nothing here.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from .screen import Screen, state
from .wallbox import Desk

CARD = "04A1B2C3"
EV_AMPS = 16.0
LIMIT_AMPS = 10.0
OPEN_MS = 100.0  # IEC 61851-1 table A.6, sequence 8.1


class Wrong(Exception):
    """A step cannot come true any more; the text says what was seen instead."""


@dataclass(frozen=True)
class Step:
    """`act` once, then ask `look` until it returns what was seen; `seconds` is how long that may take."""

    name: str
    look: Callable[[Charge], str | None]
    act: Callable[[Charge], Awaitable[None]] | None = None
    seconds: float = 10.0


class Charge:
    """One charge on EVSE 1. `results` has a row for each step, in their order, whatever happens."""

    def __init__(self, desk: Desk, screen: Screen, seconds: float, version: str | None) -> None:
        self.desk = desk
        self.screen = screen
        self.length = seconds
        self.wanted = version  # None: any
        self.version = ""
        self.results: list[dict[str, Any]] = []
        self.world: dict[str, Any] = {}
        self.csms: dict[str, Any] = {}
        self.book: dict[str, Any] = {}
        self.frames: list[dict[str, Any]] = []
        self.answer: dict[str, Any] = {}
        self.register_wh = 0.0  # at the start
        self.closed_at = 0.0
        self.before = 0.0  # A, before the limit came

    async def play(self) -> bool:
        """All steps; the first that fails ends the play. True when every one was observed."""
        await self._look()
        self.register_wh = self.outlet["energy_wh"]
        going = True
        for step in STEPS:
            seen = None
            if going:
                seen, problem = await self._take(step)
                going = seen is not None
                self.screen.line(f"{'ok ' if going else 'NOT'} {step.name}: {seen or problem}")
            at = round(time.monotonic() - self.screen.began, 2)
            self.results.append({"name": step.name, "ok": seen is not None, "at_s": at if going else None})
        return going

    async def _take(self, step: Step) -> tuple[str | None, str]:
        deadline = time.monotonic() + step.seconds
        try:
            if step.act is not None:
                await step.act(self)
                deadline = time.monotonic() + step.seconds
            while True:
                await self._look()
                seen = step.look(self)
                if seen is not None:
                    return seen, ""
                if time.monotonic() > deadline:
                    return None, f"not within {step.seconds:.0f} s; {self._situation()}"
                await asyncio.sleep(0.05)
        except (Wrong, OSError, TimeoutError) as problem:
            return None, f"{problem or type(problem).__name__}"

    async def _look(self) -> None:
        self.world = await self.desk.ask_world(do="state")
        self.csms = await self.desk.ask_csms(do="state")
        self.book = await self.desk.ask_csms(do="ledger")
        since = self.frames[-1]["n"] if self.frames else 0
        if self.csms["frames"] > since:
            self.frames += (await self.desk.ask_csms(do="frames", since=since))["frames"]

    async def _make(self, **message: Any) -> None:
        answer = await self.desk.ask_world(**message)
        if not answer["ok"]:
            raise Wrong(str(answer["error"]))

    def _situation(self) -> str:
        outlet = self.outlet
        return f"the line is {state(outlet)}, contactor {'closed' if outlet['closed'] else 'open'}"

    # --- what the instruments show ---

    @property
    def outlet(self) -> dict[str, Any]:
        """EVSE 1 of the world."""
        outlet: dict[str, Any] = self.world["evses"][0]
        return outlet

    @property
    def transaction(self) -> dict[str, Any] | None:
        """The last one of EVSE 1 in the ledger."""
        mine = [t for t in self.book["transactions"] if t["evse"] == 1]
        return mine[-1] if mine else None

    def _status(self) -> str:
        station = self.csms["stations"].get(self.desk.box.identity, {})
        told = station.get("status", {})
        status = told.get("1", told.get("1.1", {}))
        return str(status.get("status", status.get("connectorStatus", "")))

    # --- the steps ---

    def connected(self) -> str | None:
        station = self.csms["stations"].get(self.desk.box.identity)
        if station is None or not station["connected"] or not station["boots"]:
            return None
        self.version = station["version"]
        if self.wanted not in (None, self.version):
            raise Wrong(f"it speaks {self.version}, and {self.wanted} was asked for")
        return f"OCPP {self.version}, BootNotification answered"

    async def plug(self) -> None:
        await self._make(do="ev", evse=1, max_amps=EV_AMPS, phases=3)
        await self._make(do="plug", evse=1)

    def plugged(self) -> str | None:
        return f"{self.outlet['high']:+.1f} V" if state(self.outlet)[0] == "B" else None

    def told_of_plug(self) -> str | None:
        return f"status {self._status()}" if self._status() in ("Preparing", "Occupied", "Charging") else None

    async def card(self) -> None:
        await self._make(do="card", uid=CARD)

    def authorised(self) -> str | None:
        asked = [json.loads(f["text"])[1] for f in self.frames if f["action"] == "Authorize" and f["kind"] == "call"]
        for frame in self.frames:
            if frame["kind"] == "result" and frame["action"] == "Authorize" and "Accepted" in frame["text"]:
                return f"Authorize {CARD}: Accepted" if json.loads(frame["text"])[1] in asked else None
        transaction = self.transaction
        if transaction is not None and transaction["token"] == CARD and transaction["verdict"] == "Accepted":
            return f"{CARD} accepted with the start"
        return None

    def closed(self) -> str | None:
        outlet = self.outlet
        if not outlet["closed"] or not outlet["duty"]:
            return None
        self.closed_at = outlet["last"]["contact-closed"]
        took = (self.closed_at - outlet["last"]["s2-closed"]) * 1000
        return f"{took:.0f} ms after the vehicle asked, at {outlet['offered']:.1f} A by the duty cycle"

    def started(self) -> str | None:
        transaction = self.transaction
        if transaction is None or transaction["started"] is None or not transaction["open"]:
            return None
        return f"transaction {transaction['id']}, token {transaction['token']}"

    def flowing(self) -> str | None:
        amps, offered = self.outlet["amps"][0], min(self.outlet["offered"], EV_AMPS)
        enough = amps > 0.95 * offered and self.outlet["energy_wh"] > self.register_wh
        return f"{amps:.1f} A, {self.outlet['watts'] / 1000:.2f} kW" if enough else None

    def metered(self) -> str | None:
        transaction = self.transaction
        energy = transaction["energy_wh"] if transaction is not None else None
        return f"{energy:.0f} Wh so far" if energy else None

    async def limit(self) -> None:
        await asyncio.sleep(max(0.0, self.closed_at + self.length / 2 - time.monotonic()))
        await self._look()
        self.before = self.outlet["amps"][0]
        transaction = self.transaction
        if transaction is None:
            raise Wrong("the ledger has no transaction to limit")
        payload = profile(self.version, transaction["id"])
        self.answer = await self.desk.ask_csms(do="call", action="SetChargingProfile", payload=payload)

    def limit_taken(self) -> str | None:
        if self.answer.get("answer", {}).get("status") != "Accepted":
            raise Wrong(f"the station answered {self.answer.get('answer') or self.answer.get('error')}")
        return f"{LIMIT_AMPS:.0f} A, Accepted"

    def followed(self) -> str | None:
        amps = self.outlet["amps"][0]
        near = LIMIT_AMPS - 1.5 <= amps <= LIMIT_AMPS + 0.1 and self.outlet["closed"]
        return f"{self.before:.1f} A before, {amps:.1f} A now" if near and self.before > LIMIT_AMPS + 2 else None

    async def card_again(self) -> None:
        await asyncio.sleep(max(0.0, self.closed_at + self.length - time.monotonic()))
        await self.card()

    def opened(self) -> str | None:
        outlet = self.outlet
        if outlet["closed"] or max(outlet["amps"]) > 0:
            return None
        took = (outlet["last"]["contact-opened"] - outlet["last"]["s2-opened"]) * 1000
        if not 0 <= took <= OPEN_MS:
            raise Wrong(f"it opened {took:.0f} ms after the vehicle opened S2; 0 to {OPEN_MS:.0f} are allowed")
        return f"{took:.0f} ms after the vehicle opened S2"

    async def unplug(self) -> None:
        await self._make(do="unplug", evse=1)

    def unplugged(self) -> str | None:
        return f"{self.outlet['high']:+.1f} V" if state(self.outlet) == "A1" else None

    def ended(self) -> str | None:
        transaction = self.transaction
        if transaction is None or transaction["open"]:
            return None
        return f"reason {transaction['reason']}, {len(transaction['events'])} reports"

    def told_of_unplug(self) -> str | None:
        return "status Available" if self._status() == "Available" else None

    def energies(self) -> dict[str, float | None]:
        """Wh by the desk's own integral and by the ledger."""
        transaction = self.transaction
        desk = self.outlet["energy_wh"] - self.register_wh
        return {"desk": round(desk, 1), "csms": transaction["energy_wh"] if transaction is not None else None}

    def agree(self) -> str | None:
        energy = self.energies()
        desk, csms = energy["desk"], energy["csms"]
        if desk is None or csms is None or abs(desk - csms) > 2.0 + 0.02 * desk:
            raise Wrong(f"the desk measured {desk} Wh, the ledger says {csms} Wh")
        return f"desk {desk:.1f} Wh, ledger {csms:.1f} Wh"

    def clean(self) -> str | None:
        if self.book["clean"] and not self.book["resent"]:
            return f"{self.book['messages']['from station']} frames, none against a schema, none twice"
        names = ("violations", "conflicts", "strangers")
        found = [text for name in names for text in self.book[name]]
        found += [text for transaction in self.book["transactions"] for text in transaction["problems"]]
        raise Wrong(f"{len(found)} findings, {self.book['resent']} resent: {'; '.join(found)[:600]}")


STEPS = (
    Step("the station is accepted by the CSMS", Charge.connected, seconds=20),
    Step("a vehicle is plugged in", Charge.plugged, Charge.plug),
    Step("the CSMS hears of it", Charge.told_of_plug),
    Step("a card is authorised", Charge.authorised, Charge.card),
    Step("the contactor closes", Charge.closed, seconds=15),
    Step("the CSMS has a transaction", Charge.started),
    Step("power and energy flow", Charge.flowing, seconds=15),
    Step("a limit arrives half-way", Charge.limit_taken, Charge.limit),
    Step("the current follows it", Charge.followed, seconds=10),
    Step("the CSMS hears of the energy", Charge.metered, seconds=15),
    Step("the card again: the contactor opens", Charge.opened, Charge.card_again, seconds=15),
    Step("the vehicle is unplugged", Charge.unplugged, Charge.unplug),
    Step("the CSMS has the end", Charge.ended),
    Step("the CSMS sees the outlet free", Charge.told_of_unplug),
    Step("both have the same energy", Charge.agree),
    Step("the CSMS's books are clean", Charge.clean),
)


def profile(version: str, transaction: int | str) -> dict[str, Any]:
    """SetChargingProfile: LIMIT_AMPS for this transaction, for the next hour."""
    begin = datetime.now(UTC) - timedelta(seconds=1)
    period = {"startPeriod": 0, "limit": LIMIT_AMPS}
    schedule = {
        "startSchedule": begin.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "duration": 3600,
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [period],
    }
    common = {
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Absolute",
        "transactionId": transaction,
    }
    if version == "1.6":
        profile = {"chargingProfileId": 1, **common, "chargingSchedule": schedule}
        return {"connectorId": 1, "csChargingProfiles": profile}
    return {"evseId": 1, "chargingProfile": {"id": 1, **common, "chargingSchedule": [{"id": 1, **schedule}]}}
