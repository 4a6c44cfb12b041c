"""Whether a token may charge: authorisation cache, the central system, and the rules for when it cannot be asked.

The cache keeps every verdict, good or bad; full, it drops bad ones first, then the oldest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from evsed.model.commands import ClearCache, Status
from evsed.model.inputs import Answered, Called, Delivered, Input, LinkDown, Unanswered
from evsed.model.journal import Forget, Save
from evsed.model.questions import Authorize, AuthorizeAnswer
from evsed.model.reports import TransactionReport
from evsed.model.time import Instant
from evsed.model.tokens import Standing, Token, TokenKind, Verdict

from .block import Config
from .effects import Ask, Effect, Note, Reply
from .facts import Fact, Registered, TokenGiven, TokenJudged

TIMEOUT = 30.0  # s for the central system to answer
CACHE_SIZE = 1000  # tokens

CACHE_ENABLED, PRE_AUTHORIZE = "AuthCacheCtrlr.Enabled", "AuthCtrlr.LocalPreAuthorize"
OFFLINE_LOCAL, OFFLINE_UNKNOWN = "AuthCtrlr.LocalAuthorizeOffline", "AuthCtrlr.OfflineTxForUnknownIdEnabled"
UNCACHED = (TokenKind.NONE, TokenKind.CENTRAL)  # C02.FR.03, C05.FR.02
CACHE_LIFE = "AuthCacheCtrlr.LifeTime"  # s; 0 keeps entries until they expire or are pushed out


@dataclass(frozen=True, slots=True)
class Cached:
    """One cache entry: the verdict, and when it was given (utc s)."""

    verdict: Verdict
    since: float | None = None


class Authorisation:
    """Hears TokenGiven, answers TokenJudged. `cache`: token id (casefolded) -> entry (kind "token")."""

    hears = (TokenGiven, Answered, Unanswered, Delivered, Registered, LinkDown, ClearCache)

    def __init__(self, config: Config, next_ask: Callable[[], int], cache: Mapping[str, Cached]) -> None:
        self._config, self._next_ask = config, next_ask
        self._cache = dict(cache)
        self._asked: dict[int, TokenGiven] = {}
        self._online = False

    def handle(self, event: Input | Fact, now: Instant) -> Iterator[Effect | Fact]:
        """See the module's first lines."""
        match event:
            case TokenGiven():
                yield from self._given(event, now)
            case Answered(ask, AuthorizeAnswer(verdict)) if ask in self._asked:
                given = self._asked.pop(ask)
                yield from self._learn(given.token, verdict, now)
                yield _judged(given, verdict, "csms")
            case Unanswered(ask, why) if ask in self._asked:
                given = self._asked.pop(ask)
                yield Note(f"authorize {given.token.id}: {why}; the offline rules decide", "warning")
                yield self._offline(given, now)
            case Delivered(TransactionReport(token=Token() as token), Verdict() as verdict):
                yield from self._learn(token, verdict, now)
            case Registered(word):
                self._online = word == "Accepted"
            case LinkDown():
                self._online = False
            case Called(call, ClearCache()):
                yield from self._clear(call)

    def next_deadline(self) -> float | None:
        """None: deadlines of questions come back as Unanswered."""
        return None

    def view(self, now: Instant) -> dict[str, Any]:
        """How many tokens the cache holds."""
        return {"cached": len(self._cache), "asking": len(self._asked)}

    def _given(self, given: TokenGiven, now: Instant) -> Iterator[Effect | Fact]:
        known = self._known(given.token, now)
        if given.token.kind is TokenKind.CENTRAL:  # C05.FR.01: the central system has made it itself
            yield _judged(given, Verdict(Standing.ACCEPTED), "csms")
        elif not self._online:
            yield self._offline(given, now)
        elif known and known.standing is Standing.ACCEPTED and self._config.boolean(PRE_AUTHORIZE):
            yield _judged(given, known, "cache")
        else:
            ask = self._next_ask()
            self._asked[ask] = given
            yield Ask(ask, Authorize(given.token), now.mono + TIMEOUT)

    def _offline(self, given: TokenGiven, now: Instant) -> Fact:
        known = self._known(given.token, now)
        if known is not None and (known.standing is not Standing.ACCEPTED or self._config.boolean(OFFLINE_LOCAL)):
            return _judged(given, known, "cache")
        if known is None and self._config.boolean(OFFLINE_UNKNOWN):
            return _judged(given, Verdict(Standing.ACCEPTED), "offline")
        return _judged(given, Verdict(Standing.INVALID), "offline")

    def _known(self, token: Token, now: Instant) -> Verdict | None:
        entry = self._cache.get(token.id.casefold()) if self._config.boolean(CACHE_ENABLED) else None
        if entry is None:
            return None
        life = self._config.integer(CACHE_LIFE)
        if life and entry.since is not None and now.utc is not None and now.utc > entry.since + life:
            return None
        expires = entry.verdict.expires
        if expires is not None and now.utc is not None and now.utc > expires:
            return replace(entry.verdict, standing=Standing.EXPIRED)
        return entry.verdict

    def _learn(self, token: Token, verdict: Verdict, now: Instant) -> Iterator[Effect]:
        if not self._config.boolean(CACHE_ENABLED) or token.kind in UNCACHED:
            return
        key = token.id.casefold()
        if verdict.standing is Standing.CONCURRENT_TX:
            verdict = replace(verdict, standing=Standing.ACCEPTED)  # a good token that is busy elsewhere
        self._cache.pop(key, None)
        while len(self._cache) >= CACHE_SIZE:
            yield Forget("token", self._push_out())
        self._cache[key] = Cached(verdict, now.utc)
        yield Save("token", key, self._cache[key])

    def _push_out(self) -> str:
        bad = (key for key, entry in self._cache.items() if entry.verdict.standing is not Standing.ACCEPTED)
        key = next(bad, None) or next(iter(self._cache))
        del self._cache[key]
        return key

    def _clear(self, call: int) -> Iterator[Effect]:
        if not self._config.boolean(CACHE_ENABLED):
            yield Reply(call, Status("Rejected", "the authorisation cache is switched off"))
            return
        self._cache.clear()
        yield Forget("token", None)
        yield Reply(call, Status("Accepted"))


def _judged(given: TokenGiven, verdict: Verdict, by: str) -> TokenJudged:
    return TokenJudged(given.token, given.evses, verdict, by, given.remote_start_id)
