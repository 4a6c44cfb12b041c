"""One whole charge, from the plug to the central system's book."""

from __future__ import annotations

import pytest
from evse_hil import patience
from evse_hil.measure import Measure
from evse_hil.rig import Csms, Instruments, Reader, Vehicle

pytestmark = pytest.mark.processes


@pytest.mark.needs("plug", "s2", "card", "contact-time", "energy", "csms")
def test_a_charge_flows_and_its_contactor_opens_when_the_vehicle_stops_asking(
    ev: Vehicle, reader: Reader, csms: Csms, instruments: Instruments, measure: Measure
) -> None:
    before = instruments.mark()
    register = instruments.look().energy_wh

    ev.take(16, phases=3)
    ev.plug()
    reader.tap("04A1B2C3")
    patience.event(instruments, "contact-closed", before, 20)  # a pilot that has just started rests for 10 s first
    flowing = patience.look(instruments, "current", lambda look: look.amps[0] > 6 and look.watts > 1000, 10)
    assert flowing.amps[0] <= flowing.offered + 0.5
    patience.look(instruments, "10 Wh", lambda look: look.energy_wh > register + 10, 20)

    before = instruments.mark()
    ev.ask(False)
    left = patience.event(instruments, "s2-opened", before, 5)
    opened = patience.event(instruments, "contact-opened", before, 5)
    measure("contactor_open_ms", (opened.at - left.at) * 1000, le=100, unit="ms", ref="IEC 61851-1 A.6 8.1")

    before = instruments.mark()
    ev.ask(True)
    asked = patience.event(instruments, "s2-closed", before, 5)
    closed = patience.event(instruments, "contact-closed", before, 5)
    measure("contactor_close_ms", (closed.at - asked.at) * 1000, le=3000, unit="ms", ref="IEC 61851-1 A.6 4")

    ev.ask(None)
    reader.tap("04A1B2C3")
    patience.look(instruments, "open contactor", lambda look: not look.closed, 10)
    patience.until("end of the transaction", lambda: ended(csms), 10)
    ev.unplug()
    patience.look(instruments, "12 V", lambda look: look.high > 11, 5)

    ledger = csms.ledger()
    (transaction,) = ledger["transactions"]
    drawn = instruments.look().energy_wh - register
    error = abs(transaction["energy_wh"] - drawn)
    measure("energy_error_wh", error, le=4, unit="Wh", ref="11 kW for the second between two readings")
    assert transaction["token"] == "04A1B2C3"
    assert ledger["clean"], ledger


def ended(csms: Csms) -> bool:
    """The one transaction is there and closed."""
    transactions = csms.ledger()["transactions"]
    return len(transactions) == 1 and not transactions[0]["open"]
