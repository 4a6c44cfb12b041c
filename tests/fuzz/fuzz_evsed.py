"""What evsed itself reads: the central system's calls, the pilot's socket, files of technicians, records."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
import tomllib
import zlib
from pathlib import Path
from random import Random
from typing import Any

from evse_drivers.api import Permit
from evsed.core.devicemodel import DeviceModel
from evsed.model import codec
from evsed.model.commands import DataTransfer
from evsed.model.faults import FAULTS
from evsed.model.questions import Authorize, Beat, Boot
from evsed.model.reports import Report
from evsed.model.tokens import Token
from evsed.model.topology import Evse, Topology
from evsed.ocpp import rpc
from evsed.ocpp.dialects import BodyError, Context, RefusedCall
from evsed.ocpp.dialects.times import read_time, spell_time
from evsed.ocpp.dialects.v16 import V16
from evsed.ocpp.dialects.v201 import V201
from evsed.pilot.latches import Latches
from evsed.pilot.recorder import FIELDS, MAGIC, PACKED
from evsed.pilot.supervisor import LONGEST, Limits, Supervisor
from evsed.pilot.wire import WireError, decode, encode
from evsed.record.reading import RecordError
from evsed.record.reading import read as read_record
from evsed.settings import SettingsError, load
from evsed.settings.boards import SHIPPED
from evsed.settings.lines import lines as lines_of
from fuzz_engine import Target
from fuzz_mutator import lines, tree

CONFIG = Path(__file__).parents[2] / "config"
TOPOLOGY = Topology(
    "evsed", "Desk", "SN1", "0.1.0", (Evse(1, 32.0, 3, 6.0, has_lock=True), Evse(2, 16.0, 1, 6.0)), 32.0
)
CONTEXT = Context(
    TOPOLOGY, DeviceModel(TOPOLOGY), lambda at: "", lambda transaction: 1, lambda number: "t" if number == 1 else None
)
DIALECTS = (V16(), V201())
# Of files that are read; in memory where that can be had, because millions are written.
FOLDER = Path(tempfile.mkdtemp(prefix="evsed-fuzz-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
atexit.register(shutil.rmtree, FOLDER, True)

# --- OCPP -------------------------------------------------------------------------------------------------------------

_PERIOD = {"startPeriod": 0, "limit": 21.4, "numberPhases": 3}
_SCHEDULE = {"chargingRateUnit": "A", "chargingSchedulePeriod": [_PERIOD], "startSchedule": "2026-11-21T08:05:00Z"}
_PROFILE_16 = {
    "chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxProfile", "transactionId": 1,
    "chargingProfileKind": "Absolute", "chargingSchedule": {**_SCHEDULE, "duration": 60},
    "validFrom": "2026-11-21T08:05:00Z",
}  # fmt: skip
_PROFILE_2 = {
    "id": 1, "stackLevel": 2, "chargingProfilePurpose": "TxDefaultProfile", "chargingProfileKind": "Recurring",
    "recurrencyKind": "Daily", "chargingSchedule": [{"id": 3, **_SCHEDULE}], "validTo": "2026-11-21T09:05:00+01:00",
}  # fmt: skip
_TOKEN = {"idToken": "04A1", "type": "eMAID"}
_VARIABLE = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"}),
    ("ChangeAvailability", {"operationalStatus": "Operative", "evse": {"id": 2, "connectorId": 1}}),
    ("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "60"}),
    ("GetConfiguration", {"key": ["HeartbeatInterval", "x"]}),
    ("ClearChargingProfile", {"id": 1, "connectorId": 0, "stackLevel": 2}),
    ("ClearChargingProfile", {"chargingProfileCriteria": {"evseId": 1, "stackLevel": 0}}),
    ("DataTransfer", {"vendorId": "x", "messageId": "m", "data": {"a": [1]}}),
    ("GetCompositeSchedule", {"connectorId": 1, "duration": 60, "chargingRateUnit": "W"}),
    ("RemoteStartTransaction", {"idTag": "04A1", "connectorId": 1, "chargingProfile": _PROFILE_16}),
    ("RequestStartTransaction", {"idToken": _TOKEN, "remoteStartId": 7, "evseId": 1, "chargingProfile": _PROFILE_2}),
    ("RemoteStopTransaction", {"transactionId": 1}),
    ("Reset", {"type": "Hard"}),
    ("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": _PROFILE_16}),
    ("SetChargingProfile", {"evseId": 1, "chargingProfile": _PROFILE_2}),
    ("SetVariables", {"setVariableData": [{**_VARIABLE, "attributeValue": "60"}]}),
    ("GetVariables", {"getVariableData": [_VARIABLE]}),
    ("TriggerMessage", {"requestedMessage": "MeterValues", "connectorId": 1}),
    ("UnlockConnector", {"evseId": 1, "connectorId": 1}),
)
ANSWERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("BootNotification", {"status": "Accepted", "currentTime": "2026-11-21T08:05:00Z", "interval": 300}),
    ("Heartbeat", {"currentTime": "2026-11-21T08:05:00.123+01:00"}),
    ("Authorize", {"idTagInfo": {"status": "Accepted", "expiryDate": "2026-11-21T08:05:00Z", "parentIdTag": "x"}}),
    ("Authorize", {"idTokenInfo": {"status": "Blocked", "cacheExpiryDateTime": "2026-11-21T08:05:00Z"}}),
    ("StartTransaction", {"transactionId": 4711, "idTagInfo": {"status": "Invalid"}}),
    ("TransactionEvent", {"idTokenInfo": {"status": "Accepted"}, "totalCost": 1.5}),
)
QUESTIONS = {"BootNotification": Boot("PowerUp"), "Heartbeat": Beat(), "Authorize": Authorize(Token("04A1"))}


def frame(data: bytes) -> None:
    """A frame of the central system in both versions: a command, a refusal, or what an answer says."""
    message = rpc.parse(data.decode("utf-8", "replace"))
    if isinstance(message, rpc.Garbage):
        rpc.error_text(message.id or "-1", message.code, message.why)
    elif isinstance(message, rpc.Call):
        for dialect in DIALECTS:
            _asked(dialect, message)
    elif isinstance(message, rpc.Result):
        for dialect in DIALECTS:
            for action, question in (*QUESTIONS.items(), ("StartTransaction", None), ("TransactionEvent", None)):
                _answered(dialect, action, question, message.payload)


def _asked(dialect: V16 | V201, call: rpc.Call) -> None:
    try:
        command = dialect.read(call.action, call.payload, CONTEXT)
    except RefusedCall as refused:
        rpc.error_text(call.id, dialect.code_spelling(refused.code), refused.why).encode()
        return
    json.dumps(codec.dump(command), allow_nan=isinstance(command, DataTransfer)).encode()


def _answered(dialect: V16 | V201, action: str, question: Any, payload: dict[str, Any]) -> None:
    try:
        dialect.check(action, payload, is_answer=True)
    except BodyError:
        pass  # the link logs it, and learns what can be learnt
    learned = dialect.learn(question, action, payload)
    assert learned.number is None or -(2**63) < learned.number < 2**63, "a database has no more"


def time(data: bytes) -> None:
    """A central system's time; what is read can be written."""
    utc = read_time(data.decode("utf-8", "replace"))
    try:
        spell_time(utc)
    except OverflowError:
        assert not -6e10 < utc < 2e11


# --- our own lines and files ------------------------------------------------------------------------------------------

SEEN = {
    "evse": 1, "at": 5.0, "boot": "b007", "state": "C2", "plug": 3, "closed": True, "offered": 16.0, "volts": 6.1,
    "duty": 0.27, "cable": 32.0, "locked": None, "fault": None, "why": "charging", "unplugged_at": None,
    "opened_at": 4.0,
    "worst_gap_ms": 12.5, "faults": ["cable"], "warnings": [],
}  # fmt: skip
NOW, GO_ON = 5.0, 60.0  # s
LINES = tuple(
    json.dumps(line).encode()
    for line in (
        {"hello": {"version": 2, "digest": "x", "boot": "b007", "ceilings": {"1": 32.0}}},
        {"permit": {"evse": 1, "amps": 16.0, "phases": 3, "locked": True, "how": "grace", "until": 9.5}},
        {"do": {"evse": 1, "act": "wake"}},
        {"seen": SEEN},
        {"refused": {"what": "act", "why": "it charges", "evse": 1}},
        {"health": {"at": 1.0, "realtime": "", "gaps": {"10": 7, "more": 0}, "worst_gap_ms": 11.0, "missed": 0}},
    )
)


def wire(data: bytes) -> None:
    """A line of the pilot's socket: what is understood can be told, and a permit holds no longer than a lease."""
    message = decode(data)
    assert encode(message).endswith(b"\n")
    if isinstance(message, Permit):
        supervisor = Supervisor(Limits(1, 32.0, 6.0, GO_ON))
        supervisor.step(NOW, "B", False)
        taken = supervisor.take(message, NOW) is None
        supervisor.step(NOW, "B", False)
        assert taken or supervisor.amps == 0.0
        assert 0.0 <= supervisor.amps < float("inf")  # the outlet has limits of its own
        supervisor.step(NOW + LONGEST, "C", True)
        assert supervisor.amps <= 6.0
        supervisor.step(NOW + LONGEST + GO_ON, "C", True)
        assert supervisor.amps == 0.0


def report(data: bytes) -> None:
    """A row of the queue, as another release or a broken disk may have left it."""
    value = json.loads(data)
    its = codec.load(Report, value)
    assert codec.load(Report, json.loads(json.dumps(codec.dump(its)))) == its or "NaN" in data.decode()


def latches(data: bytes) -> None:
    """The pilot's two files: whatever they hold, it starts."""
    said: list[str] = []
    its = Latches(str(FOLDER), said.append)
    Path(its.path).write_bytes(data)
    Path(its.counters_path).write_bytes(data)
    for evse, names in its.read((1, 2)).items():
        assert isinstance(evse, int)
        assert all(FAULTS[name].latched for name in names)
    for counts in its.read_counters((1, 2)).values():
        assert all(count >= 0 for count in counts)


HEAD = {
    "evse": 1, "fault": "diode", "at": 100.0, "utc": 1.8e9, "samples": 3, "fields": FIELDS,
    "rows": ["idle", "charging"], "faults": ["diode"], "boot": "b007", "config": "x", "release": "0.1.0",
}  # fmt: skip
BODY = bytes(range(PACKED.size)) * 3


def record(data: bytes) -> None:
    """A file of the flight recorder."""
    path = FOLDER / "1.evr"
    path.write_bytes(data)
    its = read_record(str(path))
    assert len(its.time) == len(its.high) == len(its.standing) > 0


def record_shape(data: bytes, rng: Random) -> bytes:
    """Most often a head of JSON with a change in it, and a body that can be inflated."""
    if rng.random() < 0.4:
        return data
    head = tree(json.dumps(HEAD).encode(), rng).replace(b"\n", b" ")
    body = (
        zlib.compress(data[: 3 * PACKED.size].ljust(rng.getrandbits(8), b"\1"), 1)
        if rng.random() < 0.5
        else data[-200:]
    )
    return MAGIC + head + b"\n" + body


def config(data: bytes) -> None:
    """A technician's evsed.toml."""
    path = FOLDER / "evsed.toml"
    path.write_bytes(data)
    its = load(path)
    assert its.evses


def board(data: bytes) -> None:
    """An integrator's board below the simplest evsed.toml."""
    (FOLDER / "boards").mkdir(exist_ok=True)
    (FOLDER / "boards" / "mine.toml").write_bytes(data)
    path = FOLDER / "with-board.toml"
    path.write_text(f'[station]\nboard = "mine"\nboards = "{FOLDER}/boards"\n[ocpp]\nurl = "ws://127.0.0.1/x"\n')
    assert load(path).board is not None


def toml_lines(data: bytes) -> None:
    """Each key of a text that tomllib takes has a line."""
    try:
        text = data.decode().replace("\r\n", "\n")
        document = tomllib.loads(text)
    except (ValueError, RecursionError):
        return
    found = lines_of(text)
    for name, value in document.items():
        assert 1 <= found[name,] <= text.count("\n") + 1
        for inner in value if isinstance(value, dict) else ():
            assert (name, inner) in found


BOARD = b"\n".join(
    row
    for row in (SHIPPED / "openevse.toml").read_bytes().splitlines()
    if not row.startswith(b"#")
)  # fmt: skip
EXAMPLE = b"\n".join(row for row in (CONFIG / "evsed.toml").read_bytes().splitlines() if row and row[:1] != b"#")
TOML = (
    b'a = 1\n[b.c]\nd = "x" # y\n[[e]]\nf = [1, [2, "]"]]\n[[e]]\ng = { h = 1, i.j = "}" }\n',
    b'"a b".\'c\' = """x\n"] = """\n[ d . "e\\u00e4" ]\nf = \'\'\'y\n[z]\'\'\'\ng = 2026-11-21 08:05:00\n',
)
TOKENS = (
    b"[evse.1]", b"[evse.2]", b"[station]", b"[ocpp.keys]", b"[bus.x]", b'driver = "', b'bus = "x"',
    b'"modbus-serial"', b'"gpio"',
    b'[evse.1.board]\ndriver = "heidelberg"\nbus = "x"\n', b"[pins]\n17 = ", b"[limits]\nphases = ",
    b"pin = 17\n", b'"""', b"'''",
)  # fmt: skip

EVSED = (
    Target(
        "OCPP frames",
        (
            "evsed.ocpp.rpc", "evsed.ocpp.dialects.schema", "evsed.ocpp.dialects.v16_commands",
            "evsed.ocpp.dialects.v2_commands", "evsed.ocpp.dialects.heard", "evsed.ocpp.dialects.checked",
        ),
        frame,
        tuple(json.dumps([2, "a", action, payload]).encode() for action, payload in CALLS)
        + tuple(json.dumps([3, "a", payload]).encode() for _, payload in ANSWERS)
        + (b'[4,"a","InternalError","oops",{}]',),
        tree,
        longest=6000,
        text=True,
    ),
    Target("times", ("evsed.ocpp.dialects.times",), time, (b"2026-11-21T08:05:00.123+01:00", b"2026-11-21 08:05Z"),
           errors=(ValueError,), longest=80),
    Target("pilot socket", ("evsed.pilot.wire", "evsed.pilot.supervisor"), wire, LINES, tree,
           errors=(WireError,), longest=4096, text=True),
    Target("queued reports", ("evsed.model.codec",), report,
           (b'{"is":"MeterReport","at":{"is":"Instant","mono":1.0,"utc":1.8e9},"evse":1,"samples":[]}',
            b'{"is":"ConnectorReport","at":{"mono":1.0,"utc":null},"evse":1,"operative":true,"plugged":false,"reserved":false,'
            b'"fault":null,"warning":null,"info":"","preparing":false,"transaction":false,"finished":false,"charging_state":null}'),
           tree, errors=(ValueError, RecursionError), text=True),
    Target("pilot files", ("evsed.pilot.latches",), latches,
           (b'{"1":["residual current"]}', b'{"1":{"closings":3,"hot":1,"cold":2}}', b"{}"), tree, errors=(),
           text=True),
    Target("flight records", ("evsed.record.reading",), record,
           (MAGIC + json.dumps(HEAD).encode() + b"\n" + zlib.compress(BODY, 1),), record_shape, errors=(RecordError,)),
    Target("lines of TOML", ("evsed.settings.lines",), toml_lines, (*TOML, EXAMPLE), lines, longest=4096, words=TOKENS,
           text=True),
    Target("evsed.toml", ("evsed.settings.loading", "evsed.settings.filling", "evsed.settings.rules"), config,
           (EXAMPLE,), lines, errors=(SettingsError,), longest=len(EXAMPLE) + 2000, words=TOKENS,
           text=True),
    Target("board files", ("evsed.settings.boards",), board, (BOARD,), lines, errors=(SettingsError,), longest=4096,
           words=TOKENS, text=True),
)  # fmt: skip
