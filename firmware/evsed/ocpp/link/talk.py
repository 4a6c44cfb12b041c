"""The talk on one standing connection: our questions and reports one at a time, the central system's calls at once."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from evsed.core.effects import Ask
from evsed.model.commands import Answer, Command, GetBaseReport, Refused, Status, TriggerMessage
from evsed.model.inputs import Answered, Called, LinkUp, Unanswered
from evsed.model.journal import Frame
from evsed.model.questions import Question
from evsed.model.reports import Report

from ..dialects import Body, BodyError, Dialect, Learned, RefusedCall
from ..outbox import Outcome
from ..rpc import Call, Correlation, Error, Garbage, Result, call_text, error_text, parse, result_text
from .lasting import Lasting, new_id

PING = "OCPPCommCtrlr.WebSocketPingInterval"
PING_LOOK = 10.0  # s after which a changed ping interval is noticed
MISSED = 2  # pings without an answer after which the connection is dead
FLUSH = 1.0  # s for answers that are on their way when the connection is to end
BROKEN = 1006  # RFC 6455 7.1.5: there was no closing handshake
NO_ID = "-1"  # OCPP 2.x part 4: stands for a message id that could not be read


class Talk:
    """One connection in one dialect, from LinkUp until `run` raises."""

    def __init__(self, socket: ClientConnection, dialect: Dialect, lasting: Lasting) -> None:
        self._socket, self._dialect, self._lasting = socket, dialect, lasting
        self._correlation = Correlation()
        self._answer: asyncio.Future[Result | Error] | None = None
        self._ready: Frame | None = None
        self._commits = 0  # not yet durable
        self._calls: dict[int, tuple[Call, Command, int]] = {}  # number: call, command, last row before it
        self._sending: set[asyncio.Task[None]] = set()

    @property
    def version(self) -> str:
        """That the central system chose."""
        return self._dialect.version

    async def run(self) -> None:
        """Raises when the connection is over; cancel it to end it."""
        lasting = self._lasting
        lasting.outbox.online(self._dialect.version, self._spell)
        greeted = asyncio.Event()
        lasting.put(LinkUp(self._dialect.version), (), greeted.set)
        works = (self._keep_alive(), self._pump(greeted), self._listen())  # the first one's reason is told
        tasks = [asyncio.create_task(work) for work in works]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task in done:
                    with suppress(ConnectionClosed):
                        task.result()
            code, reason = self._socket.close_code, self._socket.close_reason or ""
            if code in (None, BROKEN):
                raise ConnectionError("it broke off")
            raise ConnectionError(f"the central system closed it ({f'{code} {reason}'.strip()})")
        finally:
            if self._sending:  # the answer to what made us reconnect goes first (A01.FR.02)
                await asyncio.wait(set(self._sending), timeout=FLUSH)
            for task in (*tasks, *self._sending):
                task.cancel()
            await asyncio.gather(*tasks, *self._sending, return_exceptions=True)
            lasting.outbox.offline()

    # --- what we say --------------------------------------------------------------------------------------------

    async def _pump(self, greeted: asyncio.Event) -> None:
        await greeted.wait()  # the station sets the gate for this connection when it hears of it
        self._commits += 1  # reports wait until all that was told offline is committed; questions do not
        self._lasting.store.submit((), self._catch_up)
        while True:
            self._lasting.wake.clear()
            if not await self._step():
                await self._rest()

    def _catch_up(self) -> None:
        outbox, store = self._lasting.outbox, self._lasting.store
        dropped = outbox.drop(store.superseded())  # of what happened offline, the last state of a connector will do
        if dropped.entries:
            store.submit(dropped.entries, lambda: outbox.settled(dropped))
        self._committed()

    async def _step(self) -> bool:
        """Says one thing; False when there is nothing to say now."""
        if (ask := self._lasting.next_ask()) is not None:
            await self._ask(ask)
            return True
        if self._commits or self._lasting.level in ("closed", "rejected"):
            return False
        if self._ready is None:
            outcome = self._lasting.outbox.prepare(self._lasting.now(), self._lasting.level, new_id)
            self._ready = outcome.ready
            self._write(outcome)
            return bool(outcome.entries or outcome.ready)
        frame, self._ready = self._ready, None
        timeout = self._lasting.timeout()
        answer = await self._call(frame.message_id, frame.text, timeout)
        self._settle(frame, answer, f"no answer in {timeout:g} s")
        return True

    async def _rest(self) -> None:
        now = self._lasting.now()
        due = self._lasting.outbox.next_deadline(now)
        # asyncio.timeout: wait_for of Python 3.11 swallows a cancel that comes in the same turn as the result
        with suppress(TimeoutError):
            async with asyncio.timeout(None if due is None else due - now):
                await self._lasting.wake.wait()

    def _settle(self, frame: Frame, answer: Result | Error | None, silence: str) -> None:
        """What came of a report's frame; the next one is prepared within the same commit."""
        outbox, lasting = self._lasting.outbox, self._lasting
        now = lasting.now()
        if isinstance(answer, Result):
            outcome = outbox.taken(self._learn(outbox.flying(), frame.action, answer))
        else:
            why = silence if answer is None else str(answer)
            lasting.log(f"{frame.action} {frame.message_id}: {why}", "warning")
            outcome = outbox.failed(why, answer is not None, now, lasting.policy())
        if lasting.level == "open" and not lasting.asks:
            following = outbox.prepare(now, lasting.level, new_id)
            self._ready = following.ready
            outcome = Outcome(
                outcome.entries + following.entries, outcome.inputs + following.inputs, outcome.notes + following.notes
            )
        self._write(outcome)

    def _write(self, outcome: Outcome) -> None:
        if outcome.entries or outcome.inputs or outcome.notes:
            self._commits += 1
            self._lasting.write(outcome, self._committed)

    def _committed(self) -> None:
        self._commits -= 1
        self._lasting.wake.set()

    async def _ask(self, ask: Ask) -> None:
        why = "the connection was lost"
        reply = None
        try:
            body = self._dialect.ask(ask.question, self._lasting.context)
            self._dialect.check(body.action, body.payload, False)
            self._note(body)
            id = new_id()
            timeout = max(0.1, min(self._lasting.timeout(), ask.deadline - self._lasting.now()))
            answer = await self._call(id, call_text(id, body.action, body.payload), timeout)
            if isinstance(answer, Result):
                reply = self._learn(ask.question, body.action, answer).reply
            why = f"no answer in {timeout:.1f} s" if answer is None else str(answer)
            if reply is None and isinstance(answer, Result):
                why = f"the answer to {body.action} says nothing usable"
        except (BodyError, ValueError, LookupError, TypeError) as error:  # the last three: a mistake of ours
            why = f"it cannot be spelt in OCPP {self._dialect.version}: {error}"
            self._lasting.log(f"{type(ask.question).__name__}: {why}", "error")
        finally:
            self._lasting.put(Unanswered(ask.id, why) if reply is None else Answered(ask.id, reply))

    async def _call(self, id: str, text: str, timeout: float) -> Result | Error | None:
        """Sends a call of ours and waits for its answer, None when its time is over."""
        self._answer = asyncio.get_running_loop().create_future()
        self._correlation.sent(id)
        await self._send(text)
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                return await self._answer
        self._correlation.given_up()
        return None

    def _learn(self, asked: Question | Report, action: str, answer: Result) -> Learned:
        try:
            self._dialect.check(action, answer.payload, True)
        except BodyError as error:
            self._lasting.log(f"{action}: the answer does not fit its schema ({error})", "warning")
        try:
            return self._dialect.learn(asked, action, answer.payload)
        except Exception as error:  # a body that does not fit its schema may break anything
            self._lasting.log(f"{action}: the answer cannot be used ({error!r})", "warning")
            return Learned()

    def _spell(self, report: Report) -> tuple[Body, ...]:
        try:
            bodies = self._dialect.spell(report, self._lasting.context)
            for body in bodies:
                self._dialect.check(body.action, body.payload, False)
            return bodies
        except BodyError:
            raise
        except Exception as error:  # a mistake of ours in one report must not hold up the others behind it
            raise BodyError("", f"a mistake of evsed in spelling it: {error!r}") from error

    def _note(self, body: Body) -> None:
        for note in body.notes:
            self._lasting.log(f"{body.action}: {note}", "warning")

    # --- what we hear -------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        async for text in self._socket:
            self._lasting.frame("in", text if isinstance(text, str) else f"<{len(text)} bytes>")
            match parse(text):
                case Call() as call:
                    self._called(call)
                case Result() | Error() as answer:
                    self._answered(answer)
                case Garbage() as garbage:
                    self._lasting.log(f"not understood: {garbage.why}: {text[:120]!r}", "warning")
                    id = garbage.id or (None if self._dialect.version == "1.6" else NO_ID)
                    if garbage.answer and id is not None:
                        self._refuse(id, garbage.code, garbage.why)

    def _answered(self, answer: Result | Error) -> None:
        if self._correlation.answers(answer):
            if self._answer is not None and not self._answer.done():
                self._answer.set_result(answer)
        elif isinstance(answer, Result) and (frame := self._lasting.outbox.late(answer.id)) is not None:
            self._settle(frame, answer, "")
        else:
            self._lasting.unasked += 1
            self._lasting.log(f"an answer to a question nobody asked: {answer.id}", "warning")

    def _called(self, call: Call) -> None:
        if self._lasting.level == "rejected":
            code = self._dialect.while_rejected
            self._lasting.log(f"{call.action} {call.id}: not served, the central system has rejected us", "warning")
            if code is not None:
                self._refuse(call.id, code, "the boot notification was rejected")
            return
        try:
            command = self._dialect.read(call.action, call.payload, self._lasting.context)
        except RefusedCall as refused:
            self._lasting.log(f"{call.action} {call.id} refused: {refused}", "warning")
            self._refuse(call.id, refused.code, refused.why)
            return
        except Exception as error:  # a mistake of ours in reading one message must not cost the connection
            self._lasting.log(f"{call.action} {call.id}: a mistake of evsed in reading it: {error!r}", "error")
            self._refuse(call.id, "InternalError", "the station could not read this")
            return
        self._lasting.calls += 1
        self._calls[self._lasting.calls] = (call, command, self._lasting.store.last_id())
        self._lasting.put(Called(self._lasting.calls, command))

    def reply(self, number: int, answer: Answer) -> None:
        """Answers call `number`; one of an earlier connection is left alone."""
        if number not in self._calls:
            return
        call, command, mark = self._calls.pop(number)
        if isinstance(answer, Refused):
            self._refuse(call.id, answer.code, answer.why)
            return
        if answer == Status("Accepted") and self._lasting.level == "pending":
            match command:
                case TriggerMessage(what, evse):
                    self._lasting.outbox.grant(what, evse, mark)
                case GetBaseReport():  # B02.FR.02
                    self._lasting.outbox.grant("NotifyReport", None, mark)
            self._lasting.wake.set()
        try:
            payload = self._dialect.answer(command, answer, self._lasting.context)
            self._dialect.check(call.action, payload, True)
        except Exception as error:  # BodyError, or a mistake of ours that must not cost the connection
            self._lasting.log(f"{call.action} {call.id}: no answer that fits the schema ({error!r})", "error")
            self._refuse(call.id, "InternalError", "the station has no answer that fits the schema")
            return
        self._later(self._send(result_text(call.id, payload)))

    def _refuse(self, id: str, code: str, why: str) -> None:
        self._later(self._send(error_text(id, self._dialect.code_spelling(code), why)))

    async def flush(self) -> None:
        """Waits until every answer given so far is out."""
        if self._sending:
            await asyncio.wait(set(self._sending))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, text: str) -> None:
        self._lasting.frame("out", text)
        await self._socket.send(text)

    async def _keep_alive(self) -> None:
        """Pings; returns when `MISSED` in a row were not answered. Anything that is heard counts as an answer."""
        missed = 0
        await self._ping_interval()
        while missed < MISSED:
            heard = self._lasting.received
            pong = asyncio.ensure_future(await self._socket.ping())
            await self._ping_interval()
            missed = 0 if pong.done() or self._lasting.received > heard else missed + 1
        self._socket.transport.abort()
        raise TimeoutError(f"{MISSED} pings were not answered")

    async def _ping_interval(self) -> None:
        """Waits for one interval, by the value that it has meanwhile; 0 means for ever."""
        began = self._lasting.now()
        while True:
            interval = self._lasting.config.decimal(PING)
            left = began + interval - self._lasting.now()
            if interval > 0 and left <= 0:
                return
            await asyncio.sleep(min(left, PING_LOOK) if interval > 0 else PING_LOOK)
