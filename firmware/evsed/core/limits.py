"""The smallest limit of each EVSE now, as the permit that the pilot gets.

Looked at after every change and once a second; a permit holds for 5 s, and only this computation renews it: when the
station hangs, the pilot's lease runs out. Between several EVSEs the site's amps are shared: those that came first
get at least 6 A each (below that IEC 61851-1 knows no offer), the rest is split evenly.

Other blocks put Ceilings on top: faults, heat, the grid. One of 0 A may want the contactor open at once. The random
delay alone comes after the sharing, so that it is the reason only where nothing else keeps the EVSE from charging.

Where a phase relay stands, the permit says how many phases are wanted, and the pilot sequences the switch. Until the
relay has moved three phases carry what one may have: that is what the offer really is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from evse_drivers.api import How, Permit

from evsed.model.inputs import DiskTrouble, Input, Observed, PilotLost, Tick
from evsed.model.profiles import Installed
from evsed.model.time import Instant
from evsed.model.topology import Evse, Topology

from .effects import Effect
from .facts import Ceiling, Energise, Fact, OfferChanged, ProfilesChanged, TransactionBegan, TransactionOver
from .random_delay import SOURCE as DELAY
from .schedules import limit

LEASE = 5.0  # s that a permit holds
RENEW = 1.0  # s
LEAST = 6.0  # A, IEC 61851-1: the smallest current that a duty cycle can offer


@dataclass(slots=True)
class _Outlet:
    """What the limits know of one EVSE."""

    evse: Evse
    energise: Energise
    since: float = 0.0  # mono s, when it was energised
    transaction: str | None = None
    cable: float | None = None
    relay: int | None = None  # phases that the phase relay lets through; None: there is no relay
    there: bool = False  # its pilot is heard
    ceilings: dict[str, Ceiling] = field(default_factory=dict)
    told: tuple[float, int, str] | None = None
    sent: tuple[float, int, bool, How] | None = None
    limits: tuple[tuple[str, float], ...] = ()

    @property
    def how(self) -> How:
        """How to stop now that nothing may be offered."""
        return "now" if any(c.amps == 0 and c.how == "now" for c in self.ceilings.values()) else "grace"

    def real(self, amps: float, phases: int) -> tuple[float, int]:
        """What the vehicle is really offered of `amps` on `phases`, while the relay may stand elsewhere."""
        if self.relay is None:
            return amps, self.evse.phases
        if self.relay > phases:
            third = amps * phases / self.relay
            return third if third >= LEAST else 0.0, self.relay
        return amps, self.relay


class Limits:
    """Hears what may flow, ceilings and which profiles there are; yields Permit, and OfferChanged for the others."""

    hears = (Observed, PilotLost, Energise, Ceiling, ProfilesChanged, TransactionBegan, TransactionOver, DiskTrouble)

    def __init__(
        self, topology: Topology, profiles: Callable[[], Iterable[Installed]], running: Mapping[int, str]
    ) -> None:
        """`running`: the transaction of each EVSE that has one at the start."""
        self._topology, self._profiles = topology, profiles
        self._outlets = {
            evse.id: _Outlet(evse, Energise(evse.id, False, False, "starting"), transaction=running.get(evse.id))
            for evse in topology.evses
        }
        self._due = 0.0  # mono s of the next renewal
        self._change: float | None = None  # mono s at which a schedule changes

    def handle(self, event: Input | Fact, now: Instant) -> Iterator[Effect | Fact]:
        """See the module's first lines."""
        match event:
            case Observed(seen):
                outlet = self._outlets[seen.evse]
                if outlet.there and (outlet.cable, outlet.relay) == (seen.cable, seen.phases):
                    return  # nothing that a limit rests on
                outlet.there, outlet.cable, outlet.relay, outlet.sent = True, seen.cable, seen.phases, None
            case PilotLost(evses):
                for evse in evses:
                    self._outlets[evse].there = False
                return
            case Energise(evse, allowed):
                outlet = self._outlets[evse]
                if allowed and not outlet.energise.allowed:
                    outlet.since = now.mono
                outlet.energise = event
            case Ceiling(evse, source, amps):
                for outlet in (self._outlets[evse],) if evse else self._outlets.values():
                    outlet.ceilings.pop(source, None)
                    if amps is not None:
                        outlet.ceilings[source] = event
            case TransactionBegan(transaction):
                self._outlets[transaction.evse].transaction = transaction.id
            case TransactionOver(evse):
                self._outlets[evse].transaction = None
            case Tick():
                pass
        yield from self._permits(now)

    def next_deadline(self) -> float | None:
        """The next renewal, or the next step of a schedule."""
        return self._due if self._change is None else min(self._due, self._change)

    def view(self, now: Instant) -> dict[str, Any]:
        """By EVSE: each limit with its source, smallest first, and what is permitted."""
        return {
            str(number): {
                "limits": [
                    {"source": source, "amps": round(amps, 2)}
                    for source, amps in sorted(outlet.limits, key=lambda item: item[1])
                ],
                "permitted": round(outlet.told[0], 2) if outlet.told else 0.0,
                "wins": outlet.told[2] if outlet.told else "",
            }
            for number, outlet in self._outlets.items()
        }

    def _permits(self, now: Instant) -> Iterator[Effect | Fact]:
        renew = now.mono >= self._due
        if renew:
            self._due = now.mono + RENEW
        for outlet, amps, phases, source in self._share(now):
            offer = amps if amps >= LEAST else 0.0
            told = (*outlet.real(offer, phases), source)
            if outlet.told != told:
                outlet.told = told
                yield OfferChanged(outlet.evse.id, *told)
            sent = (offer, phases, outlet.energise.locked, outlet.how)
            if outlet.there and (renew or sent != outlet.sent):
                outlet.sent = sent
                yield Permit(outlet.evse.id, *sent, now.mono + LEASE)

    def _share(self, now: Instant) -> Iterator[tuple[_Outlet, float, int, str]]:
        """Each outlet with its amps, phases and the source of the limit that wins."""
        self._change = None
        profiles = tuple(self._profiles())
        site, site_source = self._site(profiles, now)
        own = {number: self._own(outlet, profiles, now) for number, outlet in self._outlets.items()}
        wanting = sorted(
            (
                outlet
                for outlet in self._outlets.values()
                if own[outlet.evse.id][0] >= LEAST and outlet.energise.allowed
            ),
            key=lambda outlet: outlet.since,
        )
        shares = split(site, {outlet.evse.id: own[outlet.evse.id][0] for outlet in wanting})
        for number, outlet in self._outlets.items():
            amps, phases, source = own[number]
            if not outlet.energise.allowed:
                yield outlet, 0.0, phases, outlet.energise.why
            elif number in shares and shares[number] < LEAST:
                yield outlet, shares[number], phases, site_source
            elif number in shares and DELAY in outlet.ceilings:
                yield outlet, 0.0, phases, DELAY
            elif number in shares and shares[number] < amps:
                yield outlet, shares[number], phases, site_source
            else:
                yield outlet, amps, phases, source

    def _site(self, profiles: tuple[Installed, ...], now: Instant) -> tuple[float, str]:
        """The station's own ceiling, A per phase for all EVSEs together."""
        found = limit(profiles, 0, None, 3, self._topology.nominal_volts, now.utc)
        self._change_at(found.until, now)
        if found.amps is not None and found.amps < self._topology.site_amps:
            return found.amps, found.source
        return self._topology.site_amps, "site"

    def _own(self, outlet: _Outlet, profiles: tuple[Installed, ...], now: Instant) -> tuple[float, int, str]:
        evse = outlet.evse
        found = limit(profiles, evse.id, outlet.transaction, evse.phases, self._topology.nominal_volts, now.utc)
        self._change_at(found.until, now)
        limits = [("installation", evse.max_amps)]
        if outlet.cable is not None:
            limits.append(("cable", outlet.cable))
        if found.amps is not None:
            limits.append((found.source, found.amps))
        limits += [(name, c.amps) for name, c in outlet.ceilings.items() if c.amps is not None and name != DELAY]
        outlet.limits = tuple(sorted([*limits, ("site", self._topology.site_amps)], key=lambda item: item[1]))
        source, amps = min(limits, key=lambda item: item[1])
        phases = evse.phases if outlet.relay is None else min(evse.phases, found.phases or evse.phases)
        return amps, phases, source

    def _change_at(self, utc: float | None, now: Instant) -> None:
        if utc is not None and now.utc is not None:
            at = now.mono + max(utc - now.utc, 0.0)
            self._change = at if self._change is None else min(self._change, at)


def split(total: float, wants: dict[int, float]) -> dict[int, float]:
    """`total` A among those who want so many each, in the order of the dict: LEAST each while it lasts, rest evenly.

    Nobody gets more than wanted; who cannot have LEAST gets 0.
    """
    served = dict(list(wants.items())[: int(total // LEAST)])
    shares = dict.fromkeys(wants, 0.0)
    left = total
    while served:
        even = left / len(served)
        modest = {number: amps for number, amps in served.items() if amps <= even}
        if not modest:
            return shares | dict.fromkeys(served, even)
        for number, amps in modest.items():
            shares[number] = amps
            left -= amps
            del served[number]
    return shares
