"""Reports, a context and an independent judge of bodies, for the tests of the dialects."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import jsonschema
from evsed.core.devicemodel import DeviceModel
from evsed.model.faults import FAULTS
from evsed.model.reports import (
    ConnectorReport,
    FaultReport,
    InventoryReport,
    Kind,
    MeterReport,
    TransactionReport,
)
from evsed.model.time import Instant
from evsed.model.tokens import Token, TokenKind
from evsed.model.topology import Evse, Topology
from evsed.model.transactions import ChargingState, Sample, StopReason, Trigger, Value
from evsed.model.transactions import Context as Reading
from evsed.model.variables import VariableRef, VariableReport
from evsed.ocpp.dialects import Context
from evsed.ocpp.dialects.times import spell_time
from hypothesis import strategies as some

NOW = 1_795_248_300.123  # 2026-11-21T08:05:00.123Z
AT = Instant(100.0, NOW)
TOPOLOGY = Topology(
    "evsed", "Desk", "SN1", "0.1.0", (Evse(1, 32.0, 3, 6.0, has_lock=True), Evse(2, 16.0, 1, 6.0)), 32.0
)
TRANSACTION = "0b6f2a4e-8f7c-4c1e-9e57-0d5f3a1c2b3d"
NUMBER = 4711


def context(topology: Topology = TOPOLOGY, bound: bool = True) -> Context:
    """One bound transaction (or one whose start was given up)."""
    return Context(
        topology,
        DeviceModel(topology),
        lambda at: spell_time(at.utc if at.utc is not None else NOW),
        lambda transaction: NUMBER if bound and transaction == TRANSACTION else None,
        lambda number: TRANSACTION if bound and number == NUMBER else None,
    )


def judge(version: str, name: str, payload: Any) -> None:
    """The published schema by the `jsonschema` package; what is judged has crossed the wire as JSON."""
    text = files("ocpp").joinpath(version, "schemas", f"{name}.json").read_text("utf-8-sig")
    schema = json.loads(text.replace('"multipleOf" : 0.1', '"x":0').replace('"multipleOf": 0.1', '"x":0'))
    wire = json.loads(json.dumps(payload, allow_nan=False))
    jsonschema.validate(wire, schema)


_QUANTITIES = (
    ("Energy.Active.Import.Register", "Wh", (None,)),
    ("Power.Active.Import", "W", (None, "L1", "L2", "L3")),
    ("Current.Import", "A", ("L1", "L2", "L3")),
    ("Voltage", "V", ("L1-N", "L2-N", "L3-N")),
    ("Current.Offered", "A", (None,)),
    ("Frequency", "", (None,)),
)


@some.composite
def values(draw: some.DrawFn) -> Value:
    measurand, unit, phases = draw(some.sampled_from(_QUANTITIES))
    return Value(measurand, draw(some.floats(0, 1e9, allow_nan=False)), unit, draw(some.sampled_from(phases)))


instants = some.floats(1.7e9, 4e9).map(lambda utc: Instant(1.0, utc))
samples = some.builds(Sample, instants, some.sampled_from(Reading), some.lists(values(), max_size=6).map(tuple))
texts = some.text(max_size=80)
tokens = some.builds(Token, some.text(max_size=36), some.sampled_from(TokenKind))
transactions = some.builds(
    TransactionReport,
    at=instants,
    transaction=some.just(TRANSACTION),
    evse=some.sampled_from((1, 2)),
    seq=some.integers(0, 10**6),
    kind=some.sampled_from(Kind),
    trigger=some.sampled_from(Trigger),
    charging_state=some.none() | some.sampled_from(ChargingState),
    offline=some.booleans(),
    token=some.none() | tokens,
    meter_wh=some.none() | some.floats(0, 1e9),
    samples=some.lists(samples, max_size=3).map(tuple),
    history=some.lists(samples, max_size=3).map(tuple),
    stop_reason=some.none() | some.sampled_from(StopReason),
    remote_start_id=some.none() | some.integers(0, 2**31 - 1),
    reservation=some.none() | some.integers(0, 2**31 - 1),
    cable_amps=some.none() | some.floats(6, 80),
    phases=some.none() | some.sampled_from((1, 3)),
)
connectors = some.builds(
    ConnectorReport,
    at=instants,
    evse=some.sampled_from((0, 1, 2)),
    operative=some.booleans(),
    plugged=some.booleans(),
    reserved=some.booleans(),
    fault=some.none() | texts | some.sampled_from(tuple(FAULTS)),
    warning=some.none() | texts | some.sampled_from(tuple(FAULTS)),
    info=texts,
    preparing=some.booleans(),
    transaction=some.booleans(),
    finished=some.booleans(),
    charging_state=some.none() | some.sampled_from(ChargingState),
)
meters = some.builds(MeterReport, instants, some.sampled_from((0, 1, 2)), some.lists(samples, max_size=3).map(tuple))
variables = some.builds(
    VariableReport,
    some.builds(VariableRef, texts, texts, some.none() | texts, some.none() | texts, some.none() | some.just(1)),
    some.none() | some.text(max_size=3000),
    some.sampled_from(("ReadOnly", "ReadWrite", "WriteOnly")),
    some.booleans(),
    some.sampled_from(("string", "integer", "MemberList")),
    some.none() | texts,
    some.none() | some.floats(-1e6, 1e6),
    some.none() | some.floats(-1e6, 1e6),
    some.lists(texts, max_size=3).map(tuple),
)
inventories = some.builds(
    InventoryReport, instants, some.integers(0, 2**31 - 1), some.lists(variables, max_size=3).map(tuple)
)
faults = some.builds(
    FaultReport,
    at=instants,
    evse=some.sampled_from((0, 1, 2)),
    fault=texts | some.sampled_from(tuple(FAULTS)),
    standing=some.booleans(),
    event=some.integers(1, 2**31 - 1),
    cause=some.none() | some.integers(1, 2**31 - 1),
    info=some.text(max_size=600),
    transaction=some.none() | some.just(TRANSACTION),
)
reports = transactions | connectors | meters | inventories | faults
