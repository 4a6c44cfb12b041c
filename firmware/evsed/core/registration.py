"""The station's standing with the central system: boot notification, heartbeat, and the gate that follows from them.

Nothing but the boot notification is sent before it was answered. Accepted opens the gate; Pending lets out what is
triggered; Rejected nothing. The central system's time comes with each answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from evsed.model.inputs import Answered, Input, LinkDown, LinkUp, Started, Tick, Unanswered
from evsed.model.journal import Save
from evsed.model.questions import Beat, BeatAnswer, Boot, BootAnswer
from evsed.model.time import Instant

from .block import Config
from .effects import Ask, Effect, Gate, Note, SetClock
from .facts import Fact, Registered, Triggered, VariableChanged

HEARTBEAT = "OCPPCommCtrlr.HeartbeatInterval"
RETRY = 30.0  # s until a boot notification that got no answer is sent again
POLITE = 60.0  # s where a Pending or Rejected answer gives no interval: not to flood the central system
TIMEOUT = 30.0  # s for an answer
NOT_ACCEPTED = {"Pending": "pending", "Rejected": "rejected"}  # the gate by the last answer


class Registration:
    """Asks Boot once a process (and again if the version changes), then Beat every heartbeat interval.

    `accepted_before`: a central system has accepted this station in an earlier run (kind "registration").
    """

    hears = (Started, LinkUp, LinkDown, Answered, Unanswered, Triggered, VariableChanged)

    def __init__(self, config: Config, next_ask: Callable[[], int], accepted_before: bool = False) -> None:
        self._config, self._next_ask = config, next_ask
        self._cause = "PowerUp"
        self._word = ""  # of the last answer
        self._accepted_before = accepted_before
        self._linked: str | None = None  # the version that the link speaks
        self._registered: str | None = None  # the version in which the station was accepted
        self._asked: dict[int, type] = {}
        self._boot_at: float | None = None
        self._not_before = float("-inf")  # mono s: no boot notification earlier, not even on a new connection
        self._beat_at: float | None = None

    def handle(self, event: Input | Fact, now: Instant) -> Iterator[Effect | Fact]:
        """See the module's first lines."""
        match event:
            case Started(cause):
                self._cause = cause
                yield Gate("closed")
            case LinkUp(version):
                yield from self._up(version, now)
            case LinkDown():
                self._linked = self._boot_at = self._beat_at = None
            case Answered(ask, BootAnswer() as answer) if ask in self._asked:
                del self._asked[ask]
                yield from self._booted(answer, now)
            case Answered(ask, BeatAnswer(utc)) if ask in self._asked:
                del self._asked[ask]
                if utc is not None:
                    yield SetClock(utc)
            case Unanswered(ask, why) if ask in self._asked:
                yield from self._unanswered(self._asked.pop(ask), why, now)
            case Triggered("BootNotification", _):
                yield self._boot("Triggered", now)
            case Triggered("Heartbeat", _):
                yield self._ask(Beat(), now)
            case VariableChanged(name) if name == HEARTBEAT and self._beat_at is not None:
                self._plan_beat(now)
            case Tick():
                yield from self._tick(now)

    def next_deadline(self) -> float | None:
        """The next boot notification or heartbeat."""
        return min((at for at in (self._boot_at, self._beat_at) if at is not None), default=None)

    def view(self, now: Instant) -> dict[str, Any]:
        """The last answer, and what comes next."""
        soon = self.next_deadline()
        return {"answer": self._word, "next_s": None if soon is None else round(soon - now.mono, 1)}

    def _up(self, version: str, now: Instant) -> Iterator[Effect | Fact]:
        self._linked = version
        if self._registered == version:
            # OCPP-J: a new connection without a reboot brings no new boot notification
            yield Gate("open")
            yield Registered("Accepted")
            self._plan_beat(now)
        else:
            yield Gate(NOT_ACCEPTED.get(self._word, "closed"))
            if now.mono < self._not_before:
                self._boot_at = self._not_before
            else:
                yield self._boot(self._cause, now)

    def _boot(self, cause: str, now: Instant) -> Effect:
        self._boot_at = None
        return self._ask(Boot(cause), now)

    def _ask(self, question: Boot | Beat, now: Instant) -> Effect:
        ask = self._next_ask()
        self._asked[ask] = type(question)
        return Ask(ask, question, now.mono + TIMEOUT)

    def _booted(self, answer: BootAnswer, now: Instant) -> Iterator[Effect | Fact]:
        self._word = answer.word
        if answer.utc is not None:
            yield SetClock(answer.utc)
        if answer.word == "Accepted":
            self._registered, self._boot_at = self._linked, None
            yield Gate("open")
            self._plan_beat(now)
            if not self._accepted_before:
                self._accepted_before = True
                yield Save("registration", "accepted", True)
        else:
            self._registered, self._beat_at = None, None
            self._boot_at = self._not_before = now.mono + (answer.interval or POLITE)
            yield Gate(NOT_ACCEPTED.get(answer.word, "rejected"))
            yield Note(f"boot notification: the central system answered {answer.word}", "warning")
        yield Registered(answer.word)

    def _unanswered(self, question: type, why: str, now: Instant) -> Iterator[Effect]:
        if question is Boot and self._linked is not None:
            self._boot_at = now.mono + RETRY
            yield Note(f"boot notification: {why}; next try in {RETRY:g} s", "warning")

    def _plan_beat(self, now: Instant) -> None:
        every = self._config.integer(HEARTBEAT)
        self._beat_at = now.mono + every if every > 0 else None

    def _tick(self, now: Instant) -> Iterator[Effect]:
        if self._boot_at is not None and now.mono >= self._boot_at:
            yield self._boot(self._cause, now)
        if self._beat_at is not None and now.mono >= self._beat_at:
            self._plan_beat(now)
            yield self._ask(Beat(), now)
