"""`evsed run`: the station process, put together from settings, store, core, link and hardware."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import os
import random
import signal
import sys
import traceback
import uuid
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from evse_drivers.api import DriverError, Permit

from evsed.clock import Clock
from evsed.computed import computed
from evsed.core.assembly import Kept, assemble
from evsed.core.authorisation import Cached
from evsed.core.connectors import Connectors
from evsed.core.devicemodel import DeviceModel
from evsed.core.effects import Ask, Do, Reply, Restart, Sign
from evsed.core.fault_log import Stood
from evsed.core.faults import Trips
from evsed.errands import Errands
from evsed.fittings import Around, panel
from evsed.hardware import Hardware
from evsed.inbox import Inbox
from evsed.log import opened
from evsed.model.inputs import DiskTrouble, Input, Started
from evsed.model.journal import Entry, Forget
from evsed.model.profiles import Installed
from evsed.model.transactions import Sample, SignedRecord, Transaction
from evsed.ocpp.dialects.v16 import V16
from evsed.ocpp.dialects.v201 import V201
from evsed.ocpp.link import Link
from evsed.outlets import Outlets
from evsed.pilot.realtime import Notify
from evsed.presets import refused, variables
from evsed.settings import UNSUPERVISED, Settings, SettingsError, load
from evsed.station_socket import StationSocket
from evsed.store.database import Store
from evsed.store.migrations import StoreError

CONFIG = 78  # EX_CONFIG: systemd need not try again
T = TypeVar("T")


def main(argv: list[str]) -> int:
    """Run until SIGTERM or SIGINT, or until the central system wants a restart. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="evsed run", description="The station process.")
    parser.add_argument("-c", "--config", default="/etc/evsed/evsed.toml", metavar="FILE")
    arguments = parser.parse_args(argv)
    try:
        settings = load(arguments.config, refused)
    except SettingsError as error:
        print(error, file=sys.stderr, flush=True)
        return CONFIG
    try:
        return asyncio.run(App(settings).run())
    except (DriverError, StoreError) as error:
        log(str(error), "error")
    except OSError as error:
        log(f"{error.filename or settings.station.runtime}: {error.strerror or error}", "error")
    return 1


log = opened("evsed")


class App:
    """The composition root of the station; also the hands of its inbox."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ended = asyncio.Event()
        self._hardware = Hardware(settings)
        self._disk: str | None = None
        self._code = 0

    async def run(self) -> int:
        """Until the end. DriverError, StoreError, OSError: it cannot be run."""
        settings = self._settings
        self._store = store = Store.open(settings.station.state)
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(store.close)
            before = store.last_boot()
            self._clock = Clock(store.new_boot())
            self._clock.offsets = store.offsets()
            self._clock.offset = self._clock.offsets.get(self._clock.boot)  # what an earlier run of this boot was told
            self._build()
            hardware = self._hardware
            stack.callback(hardware.close)
            boards, pilot = hardware.boards(log)
            parts = hardware.meters(), hardware.readers(), hardware.thermometers()
            self._pilot = pilot
            measured = pilot.measured if pilot is not None else lambda evse, amps: None
            self._outlets = Outlets(boards, *parts, self._put, measured, settings.cards)
            stack.push_async_callback(self._leave_outlets)
            for evse in settings.unsupervised:
                log(f"evse.{evse}.board: unsupervised = true: {UNSUPERVISED}", "warning")
            path = os.path.join(settings.station.runtime, "station.sock")
            control = StationSocket(path, self.view, self._link.observe, self._errands.order)
            os.makedirs(settings.station.runtime, exist_ok=True)
            await control.start()
            stack.push_async_callback(control.close)
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, self._ended.set)
            self._inbox.put(Started(self._cause(before)), (Forget("restart", None),))
            store.on_trouble(self._disk_trouble)
            tasks = [asyncio.ensure_future(self._watchdog())]
            if pilot is not None:
                pilot.on_lost(partial(self._outlets.lost, pilot))
                tasks.append(asyncio.ensure_future(pilot.run()))
            if settings.ocpp.url:
                tasks.append(asyncio.ensure_future(self._link.run()))
            fittings = panel(settings, hardware.buttons(log), hardware.lights(log), *self._around())
            stack.push_async_callback(fittings.close)
            tasks += [*self._outlets.start(), *fittings.start()]
            log(f"station {settings.station.serial} is up with {len(settings.evses)} EVSE(s)")
            await self._until_ended(tasks)
            self._inbox.close()
            await self._link.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return self._code

    async def _leave_outlets(self) -> None:
        for complaint in await self._outlets.close():
            log(complaint, "warning")

    async def _until_ended(self, tasks: Sequence[asyncio.Future[Any]]) -> None:
        """Until somebody wants the end, or a task that should run for ever has ended: half a station must not stay."""
        ended = asyncio.ensure_future(self._ended.wait())
        done, _ = await asyncio.wait([ended, *tasks], return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        for task in done - {ended}:
            self.broken(task.exception() or RuntimeError(f"{task} has ended"))

    # --- what it is made of ---------------------------------------------------------------------------------------

    def _build(self) -> None:
        settings, store = self._settings, self._store
        topology = settings.topology()
        dialects = {dialect.version: dialect for dialect in (V16(), V201())}
        self._config = config = DeviceModel(
            topology,
            variables(settings),
            store.things("variable", str),
            {},
            {version: dialect.overlay for version, dialect in dialects.items()},
        )
        config.overlay(dialects[settings.ocpp.versions[0]].overlay)
        link_put: Callable[..., None] = self._put
        self._link = Link(settings.ocpp, dialects, topology, store, self._clock, config, link_put, log)
        transactions: dict[str, Transaction] = store.things("transaction", Transaction)
        kept = Kept(
            transactions,
            {id: tuple(store.things(f"history {id}", Sample).values()) for id in transactions},
            store.things("register", float),
            store.things("availability", bool),
            store.things("token", Cached),
            store.things("profile", Installed),
            store.things("fault", Stood),
            store.things("trips", Trips),
            store.things("fault event", int).get("last", 0),
            "accepted" in store.things("registration", bool) or not settings.ocpp.url,
            store.things("signed", SignedRecord),
            store.things("signing", SignedRecord),
        )
        self._station = assemble(
            topology,
            config,
            kept,
            itertools.count(1).__next__,
            lambda: str(uuid.uuid4()),
            store.pending,
            self._clock.now(),
            settings.supervision,
            {name: settings.meant(its.evses) for name, its in settings.thermometers.items()},
            random.random,
        )
        config.provide(computed(settings, config, self._station, self._clock))
        self._inbox = Inbox(self._station, self._clock, self)
        self._errands = Errands(self._station, self._clock, [evse.id for evse in settings.evses], self._put)
        for complaint in (*store.complaints, *config.ignored):
            log(complaint, "warning")

    def _around(self) -> tuple[Connectors, Around]:
        """What buttons and lights rest on."""
        link, none = self._link, not self._settings.ocpp.url
        order, heard = self._errands.order, self._outlets.heard
        return self._station.block(Connectors), Around(heard, lambda: none or link.connected, self._put, order, log)

    def _cause(self, boot_before: int | None) -> str:
        """Why this process starts, in 2.x boot reasons."""
        asked = next(iter(self._store.things("restart", str).values()), None)
        return asked or ("ApplicationReset" if self._clock.boot == boot_before else "PowerUp")

    # --- the hands of the inbox -----------------------------------------------------------------------------------

    def _put(self, input: Input, entries: Sequence[Entry] = (), done: Callable[[], None] | None = None) -> None:
        self._inbox.put(input, entries, done)

    def submit(self, entries: Sequence[Entry], done: Callable[[], None]) -> object:
        """See inbox.Hands."""
        return self._store.submit(entries, done)

    def permit(self, permit: Permit) -> None:
        """See inbox.Hands."""
        self._outlets.permit(permit)

    def act(self, do: Do) -> None:
        """See inbox.Hands."""
        self._errands.sent(do, self._outlets.act(do))

    def sign(self, sign: Sign) -> None:
        """See inbox.Hands."""
        self._outlets.sign(sign)

    def ask(self, ask: Ask) -> None:
        """See inbox.Hands."""
        self._link.ask(ask)

    def reply(self, reply: Reply) -> None:
        """See inbox.Hands."""
        self._link.reply(reply.call, reply.answer)

    def gate(self, level: str) -> None:
        """See inbox.Hands."""
        self._link.gate(level)

    def queued(self) -> None:
        """See inbox.Hands."""
        self._link.queued()

    def reconnect(self) -> None:
        """See inbox.Hands."""
        self._link.reconnect()

    def restart(self, restart: Restart) -> None:
        """End this process once the replies are out; systemd (or the desk) starts it again."""

        async def leave() -> None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(5.0):
                    await self._link.flush()
            self._ended.set()

        log(f"restart: {restart.cause}")
        self._leaving = asyncio.ensure_future(leave())  # held: the loop itself would let a task go

    def note(self, text: str, level: str) -> None:
        """See inbox.Hands."""
        log(text, level)

    def broken(self, error: BaseException) -> None:
        """See inbox.Hands. Running charges go on by the pilot's lease while systemd starts the station again."""
        if self._code == 0:
            trace = "".join(traceback.format_exception(error)).rstrip()
            log(f"a mistake of evsed, the station ends and is to be started again: {error!r}\n{trace}", "error")
        self._code = 1
        self._ended.set()

    # --- the rest -------------------------------------------------------------------------------------------------

    def _disk_trouble(self, why: str | None) -> None:
        log(f"disk: {why}" if why else "disk: commits work again", "error" if why else "info")
        self._disk = why
        self._inbox.put(DiskTrouble(why))

    async def _watchdog(self) -> None:
        """Tells systemd that the loop turns."""
        notify = Notify(dict(os.environ))
        notify.send("READY=1")
        while True:
            await asyncio.sleep(notify.every or 3600.0)
            notify.send("WATCHDOG=1")

    def view(self) -> dict[str, Any]:
        """The whole state for `evsed show`, JSON values."""
        now = self._clock.now()
        blocks = self._station.view(now)
        link = self._link.state()
        return {
            "station": self._settings.station.serial,
            "config": self._settings.path,
            "clock": {"utc": now.utc, "boot": now.boot, "known": now.utc is not None},
            "queue": link["queued"],
            "dead_letters": self._store.given_up(),
            "disk": self._disk,
            "link": link,
            "outlets": self._outlets.view(),
            "unsupervised": list(self._settings.unsupervised),
            "pilot": None if self._pilot is None else self._pilot.view(),
            **blocks,
        }
