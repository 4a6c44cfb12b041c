"""Lays a backlog into a station's database, as if it had been offline for long: `python -m evsed.desk.backlog`.

The station must not run. Transactions of the past, each with a start, meter values and an end; registers go on from
one to the next. For measuring how fast a queue drains, and for trying what a CSMS makes of a station that comes back.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from evsed.model.journal import Tell
from evsed.model.reports import Kind, TransactionReport
from evsed.model.time import Instant
from evsed.model.tokens import Token
from evsed.model.transactions import ChargingState, Context, Sample, StopReason, Trigger, Value
from evsed.store.database import Store
from evsed.store.migrations import StoreError

EVERY = 60.0  # s between the events of a transaction
STEP_WH = 180.0  # between two of them
CHUNK = 1000  # reports a commit


def sample(at: Instant, context: Context, register_wh: float) -> Sample:
    """Meter values as a three-phase station sends them."""
    phases = ("L1", "L2", "L3")
    values = [
        Value("Energy.Active.Import.Register", register_wh, "Wh"),
        Value("Power.Active.Import", 11_040.0, "W"),
        *(Value("Current.Import", 16.0, "A", phase) for phase in phases),
        *(Value("Voltage", 230.0, "V", f"{phase}-N") for phase in phases),
        Value("Current.Offered", 16.0, "A"),
    ]
    return Sample(at, context, tuple(values))


def reports(transactions: int, meter_values: int, now: Instant) -> Iterator[TransactionReport]:
    """The reports of so many transactions, the last of which ended a minute ago."""
    assert now.utc is not None
    back = (transactions * (meter_values + 2) + 1) * EVERY
    register = 0.0
    token = Token("04A1B2C3")
    for _ in range(transactions):
        id = str(uuid.uuid4())
        for seq in range(meter_values + 2):
            at = Instant(now.mono - back, now.utc - back, now.boot)
            back -= EVERY
            kind, trigger, context = Kind.UPDATED, Trigger.METER_VALUE_PERIODIC, Context.PERIODIC
            if seq == 0:
                kind, trigger, context = Kind.STARTED, Trigger.AUTHORIZED, Context.BEGIN
            elif seq == meter_values + 1:
                kind, trigger, context = Kind.ENDED, Trigger.STOP_AUTHORIZED, Context.END
            yield TransactionReport(
                at,
                id,
                1,
                seq,
                kind,
                trigger,
                ChargingState.CHARGING,
                offline=True,
                token=token if kind is not Kind.UPDATED else None,
                meter_wh=register,
                samples=(sample(at, context, register),),
                stop_reason=StopReason.LOCAL if kind is Kind.ENDED else None,
            )
            if kind is not Kind.ENDED:
                register += STEP_WH


def main(argv: list[str] | None = None) -> int:
    """0: it lies there and is durable; 1: the database cannot be written."""
    parser = argparse.ArgumentParser(prog="python -m evsed.desk.backlog", description=__doc__.partition("\n")[0])
    parser.add_argument("--state", type=Path, required=True, help="folder of the station's database")
    parser.add_argument("--transactions", type=int, default=100)
    parser.add_argument("--meter-values", type=int, default=8, help="in each transaction")
    options = parser.parse_args(argv)
    try:
        store = Store.open(options.state)
    except StoreError as error:
        print(error, file=sys.stderr)
        return 1
    now = Instant(time.monotonic(), time.time(), store.new_boot())
    rows = [Tell(report) for report in reports(options.transactions, options.meter_values, now)]
    for start in range(0, len(rows), CHUNK):
        store.submit(rows[start : start + CHUNK])
    durable = threading.Event()
    store.durable(durable.set)
    durable.wait()
    store.close()
    print(f"{len(rows)} reports of {options.transactions} transactions lie in {store.path}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
