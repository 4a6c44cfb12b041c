"""A limit of the central system arrives in the middle of a charge, and the current follows it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from evse_hil import patience
from evse_hil.measure import Measure
from evse_hil.rig import Csms, Instruments, Reader, Vehicle

pytestmark = pytest.mark.processes

MAX_OF = {"1.6": "ChargePointMaxProfile", "2.0.1": "ChargingStationMaxProfile"}


@pytest.mark.needs("plug", "card", "csms")
def test_the_current_follows_the_lowest_profile_and_comes_back_when_it_is_cleared(
    ev: Vehicle, reader: Reader, csms: Csms, instruments: Instruments, measure: Measure
) -> None:
    ev.take(16, phases=3)
    ev.plug()
    reader.tap("04A1B2C3")
    patience.look(instruments, "16 A", lambda look: look.amps[0] > 15.5, 25)

    before = instruments.mark()
    assert install(csms, 1, "TxDefaultProfile", 10, id=1) == "Accepted"
    offered = patience.event(instruments, "duty", before, 5)
    call = next(frame for frame in csms.frames() if '"SetChargingProfile"' in frame["text"])
    measure(
        "limit_follows_ms",
        (offered.at - call["at"]) * 1000,
        le=1000,
        unit="ms",
        ref="permits are renewed once a second",
    )
    patience.look(instruments, "10 A", lambda look: 9.5 < look.amps[0] <= 10, 10)
    assert composite(csms) == [(0, 10 * 690)]

    assert install(csms, 0, MAX_OF[csms.version], 8, id=2) == "Accepted"
    patience.look(instruments, "8 A", lambda look: 7.5 < look.amps[0] <= 8, 10)
    assert install(csms, 1, "TxDefaultProfile", 6, id=3, kind="Relative") == "Rejected"

    for id in (1, 2):
        key = {"1.6": "id", "2.0.1": "chargingProfileId"}[csms.version]
        assert csms.call("ClearChargingProfile", {key: id}) == {"status": "Accepted"}
    patience.look(instruments, "16 A again", lambda look: look.amps[0] > 15.5, 15)
    assert csms.ledger()["clean"]


def install(csms: Csms, evse: int, purpose: str, amps: float, *, id: int, kind: str = "Absolute") -> str:
    """SetChargingProfile with one limit from now on; the station's word."""
    start = (datetime.now(UTC) - timedelta(seconds=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    periods = [{"startPeriod": 0, "limit": float(amps)}]
    schedule: dict[str, Any] = {"chargingRateUnit": "A", "chargingSchedulePeriod": periods}
    if kind == "Absolute":
        schedule["startSchedule"] = start
    profile = {"stackLevel": 0, "chargingProfilePurpose": purpose, "chargingProfileKind": kind}
    if csms.version == "1.6":
        profile |= {"chargingProfileId": id, "chargingSchedule": schedule}
        return status(csms, {"connectorId": evse, "csChargingProfiles": profile})
    profile |= {"id": id, "chargingSchedule": [{"id": id, **schedule}]}
    return status(csms, {"evseId": evse, "chargingProfile": profile})


def status(csms: Csms, payload: Mapping[str, Any]) -> str:
    return str(csms.call("SetChargingProfile", payload)["status"])


def composite(csms: Csms) -> list[tuple[int, float]]:
    """What the station plans for the next minute: (s, W)."""
    question = {"duration": 60, "chargingRateUnit": "W"}
    if csms.version == "1.6":
        schedule = csms.call("GetCompositeSchedule", {"connectorId": 1, **question})["chargingSchedule"]
    else:
        schedule = csms.call("GetCompositeSchedule", {"evseId": 1, **question})["schedule"]
    return [(period["startPeriod"], period["limit"]) for period in schedule["chargingSchedulePeriod"]]
