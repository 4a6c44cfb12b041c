"""The page config/FAULTS.md: the fault catalogue as a technician and an operator read it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from evsed import __version__
from evsed.core.fault_log import CALM, OFTEN, WITHIN
from evsed.core.lockout import AFTER
from evsed.model.faults import FAULTS, Fault, instance

HEAD = f"""\
# Every fault

Printed by `evsed reference --faults` from the catalogue of evsed {__version__}; do not edit it. In the order of their
weight: where several stand at once, the first is told as the reason. `evsed show` names what stands, with what was
measured.

"At once" opens the contactor under load; "grace" withdraws the offer and opens when the vehicle has stopped drawing,
after 6 s at the latest. After a fault that stopped it the same plug is charged again {AFTER:g} s after the fault has
gone, in the same transaction; where a number of tries is given, only so often for one plug, then once it is unplugged.
A latched fault outlives restarts and power cuts until somebody has looked, and says so: `evsed do acknowledge EVSE`.
That is refused while its cause stands. The central system cannot acknowledge. It ends the transaction, for nothing may
begin again by itself once it is acknowledged: stop reason EmergencyStop, in 2.0.1 GroundFault after a residual current,
else Other. The next charge wants a card, or another plug where no card is needed.

OCPP 1.6 hears a StatusNotification: `errorCode` as below; `vendorErrorCode` is the CX code of ChargeX's Minimum
Required Error Codes where there is one (`vendorId` https://chargex.inl.gov), else the fault's name; `info` is its name
and what was measured. OCPP 2.0.1 hears a NotifyEvent of component and variable below when it comes and, `cleared`,
when it goes, with the CX code or the name as `techCode`; and the status Faulted where it stops charging. A fault that
comes {OFTEN} times within {WITHIN / 60:g} minutes is told as gone only after {CALM / 60:g} minutes without it.
"""

STOPS = {"now": "at once", "grace": "grace", "no": "no"}
CLEARS = {"acknowledge": "when acknowledged (latched)", "unplug": "when unplugged", "itself": "by itself"}


def text() -> str:
    """The whole page."""
    stopping = [row for row in FAULTS.values() if not row.warning]
    warnings = [row for row in FAULTS.values() if row.warning]
    return "\n".join(
        [
            HEAD,
            "## Faults: they keep the EVSE from charging\n",
            _table(stopping, (*COMMON[:1], ("opens", lambda row: STOPS[row.stops]), *COMMON[1:])),
            "## Warnings: charging goes on\n",
            _table(warnings, COMMON),
        ]
    )


def _clears(row: Fault) -> str:
    words = CLEARS[row.clears]
    return words if row.tries is None else f"{words}; {row.tries} tries a plug"


def _variable(row: Fault) -> str:
    named = instance(row)
    return f"`{row.component}.{row.variable}{f'[{named}]' if named else ''}`"


Column = tuple[str, Callable[[Fault], str]]
COMMON: tuple[Column, ...] = (
    ("fault", lambda row: f"**{row.name}**: {row.text}"),
    ("clears", _clears),
    ("what to look at", lambda row: row.check),
    ("1.6 errorCode", lambda row: f"`{row.code_16}`"),
    ("MREC", lambda row: row.code or ""),
    (
        "2.0.1 component.variable",
        lambda row: f"`{row.component}.{row.variable}{f'[{instance(row)}]' if instance(row) else ''}`",
    ),
    ("of", lambda row: "the station" if row.station_wide else "the EVSE"),
)


def _table(rows: Iterable[Fault], columns: tuple[Column, ...]) -> str:
    lines = [[head for head, _ in columns], ["---"] * len(columns)]
    lines += [[cell(row) for _, cell in columns] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
