"""Keeps the link up: chooses the versions to offer, connects, hands over to the talk, and tries again for ever."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import NegotiationError
from websockets.typing import Subprotocol

from evsed.clock import Clock
from evsed.core.block import Config
from evsed.core.effects import Ask
from evsed.model.commands import Answer
from evsed.model.inputs import LinkDown, Unanswered
from evsed.model.questions import Boot
from evsed.model.topology import Topology

from ..dialects import Context, Dialect
from ..outbox import CARRIER, Outbox
from . import endpoint
from .lasting import Lasting, Log, Put, Store, stamper
from .talk import Talk

OPEN_TIMEOUT = 20.0  # s for TCP, TLS and the handshake
CLOSE_TIMEOUT = 1.0  # s: the default of 10 s would delay what comes after a blackhole (testbed.md)
LONGEST_MESSAGE = 4 * 1024 * 1024  # bytes; what is longer than rpc reads is answered up to here
STEADY = 10.0  # s that a connection has to stand before the backoff starts over
PATIENCE = 24 * 3600.0  # s that the version of an open transaction is insisted on when nobody speaks it
FLUSH_LOOK = 0.02  # s between two looks at the queue before a restart
QUEUE_LIMIT = 20_000  # rows, some 20 MB; meter values are thinned out beyond it


class Link:
    """The only way to the central system. All methods belong to the loop that `run` is awaited in."""

    def __init__(
        self,
        settings: endpoint.Settings,
        dialects: Mapping[str, Dialect],
        topology: Topology,
        store: Store,
        clock: Clock,
        config: Config,
        put: Put,
        log: Log,
    ) -> None:
        self._settings, self._dialects, self._config = settings, dialects, config
        carriers = store.things(CARRIER, str)
        outbox = Outbox(store.reports, store.aliases(), carriers)
        context = Context(topology, config, stamper(clock), outbox.number, outbox.transaction)
        self._lasting = Lasting(outbox, store, clock, config, context, put, log)
        self._url = endpoint.address(settings) if settings.url else ""
        self._talk: Talk | None = None
        self._running: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()
        self._closing = False
        self._since: float | None = None  # mono s, of the present connection
        self._lamented = ""  # the last line on why there is no connection
        self._unwanted_since: float | None = None  # since when nobody speaks the version that we must offer
        self._thin_at = QUEUE_LIMIT

    # --- what the station tells the link ------------------------------------------------------------------------

    def ask(self, ask: Ask) -> None:
        """Asks as soon as the gate allows; comes back as Answered or Unanswered by its deadline. Without a
        connection only a boot notification waits."""
        if self._talk is None and not isinstance(ask.question, Boot):
            self._lasting.put(Unanswered(ask.id, "there is no connection to the central system"))
        else:
            self._lasting.queue(ask)

    def reply(self, call: int, answer: Answer) -> None:
        """Answers call `call`; left alone if its connection is gone."""
        if self._talk is not None:
            self._talk.reply(call, answer)

    def gate(self, level: str) -> None:
        """`closed`: only boot notifications go; `pending`: also what was triggered; `open`: everything."""
        self._lasting.level = level
        self._lasting.wake.set()

    def queued(self) -> None:
        """New reports are durable. Call it after every commit that had a Tell in it."""
        outbox, store = self._lasting.outbox, self._lasting.store
        outbox.more()
        self._lasting.wake.set()
        if self._talk is None:  # offline only the last state of each connector is worth keeping
            dropped = outbox.drop(store.superseded())
            if dropped.entries:
                self._lasting.write(dropped, lambda: outbox.settled(dropped))
        if store.count() > self._thin_at:
            thinned = outbox.thin(store.thinnable())
            self._lasting.write(thinned, lambda: outbox.settled(thinned))
            self._thin_at = max(QUEUE_LIMIT, store.count() + QUEUE_LIMIT // 20)

    def reconnect(self) -> None:
        """Closes the connection, if there is one, and opens it anew without waiting."""
        self._hurry.set()
        if self._running is not None:
            self._running.cancel()

    async def flush(self) -> None:
        """Waits until every reply and, while they may go, every report given so far is out: for a restart that was
        asked for. A central system that does not take them makes it wait for ever; bound it."""
        if self._talk is not None:
            await self._talk.flush()
        lasting = self._lasting
        while self._talk is not None and lasting.level == "open" and lasting.store.count() > 0:  # noqa: ASYNC110 (once)
            await asyncio.sleep(FLUSH_LOOK)

    async def close(self) -> None:
        """Ends `run` with a closing handshake."""
        self._closing = True
        self.reconnect()

    def observe(self, observer: Callable[[str, str], None]) -> Callable[[], None]:
        """`observer` hears ("in" or "out", text) of every frame, until the function that comes back is called."""
        self._lasting.observers.append(observer)
        return lambda: self._lasting.observers.remove(observer)

    @property
    def connected(self) -> bool:
        """A websocket stands."""
        return self._talk is not None

    def state(self) -> dict[str, Any]:
        """For `evsed show`: JSON values."""
        lasting, talk = self._lasting, self._talk
        return {
            "url": self._url,
            "connected": talk is not None,
            "version": None if talk is None else talk.version,
            "offered": list(self._offered()),
            "up_s": None if self._since is None else round(lasting.now() - self._since, 1),
            "gate": lasting.level,
            "last_error": self._lamented or None,
            "queued": lasting.store.count(),
            "waiting_questions": len(lasting.asks),
            "sent": lasting.sent,
            "received": lasting.received,
            "unasked_answers": lasting.unasked,
        }

    # --- connecting ---------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until `close`, or until it is cancelled."""
        attempt = 0
        while not self._closing:
            self._hurry.clear()
            if not self._url:
                await self._hurry.wait()
                continue
            stood = await self._once()
            attempt = 0 if stood >= STEADY else attempt
            await self._pause(attempt)
            attempt += 1

    async def _pause(self, attempt: int) -> None:
        wait = endpoint.backoff(
            attempt,
            self._config.decimal("OCPPCommCtrlr.RetryBackOffWaitMinimum"),
            self._config.decimal("OCPPCommCtrlr.RetryBackOffRandomRange"),
            self._config.integer("OCPPCommCtrlr.RetryBackOffRepeatTimes"),
            random.random(),
        )
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._hurry.wait()

    async def _once(self) -> float:
        """One connection, from the attempt to its end; returns how long (s) it stood."""
        running = self._running = asyncio.create_task(self._connected())
        try:
            await asyncio.wait({running})
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            self._running = None
            since, self._since, self._talk = self._since, None, None
            self._over(None if running.cancelled() else running.exception(), since is not None)
        return 0.0 if since is None else self._lasting.now() - since

    def _over(self, error: BaseException | None, stood: bool) -> None:
        if stood:
            why = "closed by the station" if error is None else str(error) or type(error).__name__
            self._lamented = f"{self._url}: the connection is gone: {why}"
            self._lasting.log(self._lamented, "info" if error is None else "warning")
            self._lasting.unanswered("the connection was lost")
            self._lasting.put(LinkDown(why))
        elif error is not None:
            line = endpoint.lament(error, self._url, self._settings.ca, self._offered())
            if line != self._lamented:  # one line, not one every few minutes
                self._lasting.log(line, "warning")
            self._lamented = line
            self._insist(error)

    def _insist(self, error: BaseException) -> None:
        """A central system that does not speak the version of an open transaction any more gets a day to do so."""
        if not isinstance(error, endpoint.Unwelcome | NegotiationError) and not endpoint.is_bad_request(error):
            return
        now = self._lasting.now()
        self._unwanted_since = self._unwanted_since if self._unwanted_since is not None else now
        if now - self._unwanted_since >= PATIENCE and self._lasting.outbox.pinned():
            self._lasting.write(self._lasting.outbox.abandon())

    async def _connected(self) -> None:
        offered = self._offered()
        protocols = [Subprotocol(self._dialects[version].subprotocol) for version in offered]
        password = self._config.text("SecurityCtrlr.BasicAuthPassword") or self._settings.password
        socket = await connect(
            self._url,
            subprotocols=protocols,
            additional_headers=endpoint.credentials(self._settings.identity, password),
            ssl=endpoint.tls(self._url, self._settings.ca),
            open_timeout=OPEN_TIMEOUT,
            close_timeout=CLOSE_TIMEOUT,
            ping_interval=None,  # talk pings, by an interval that the central system may change
            max_size=LONGEST_MESSAGE,
            compression=None,
            proxy=None,
        )
        try:
            await self._talked(socket)
        finally:
            await socket.close()

    async def _talked(self, socket: ClientConnection) -> None:
        chosen = [dialect for dialect in self._dialects.values() if dialect.subprotocol == socket.subprotocol]
        if not chosen:
            raise endpoint.Unwelcome
        self._unwanted_since = None
        self._lamented = ""
        self._since = self._lasting.now()
        self._talk = Talk(socket, chosen[0], self._lasting)
        self._lasting.log(f"{self._url}: connected, OCPP {chosen[0].version}", "info")
        await self._talk.run()

    def _offered(self) -> tuple[str, ...]:
        versions = self._lasting.outbox.versions(self._settings.versions)
        return tuple(v for v in versions if v in self._dialects) or tuple(self._settings.versions)
