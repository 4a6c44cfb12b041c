"""What comes from meters, and the maps that say what it means."""

from __future__ import annotations

from pathlib import Path
from random import Random

from evse_drivers.api import Signed
from evse_drivers.meters import iskra_records
from evse_drivers.meters.iskra import IskraMeter
from evse_drivers.meters.iskra_records import Output
from evse_drivers.meters.map_file import parse
from evse_drivers.meters.modbus_map import PACKAGE_MAPS, load
from evse_drivers.meters.openevse import OpenEvseMeter
from evse_drivers.meters.phoenix_charx import CharxMeter
from evse_drivers.meters.sunspec import SunSpecMeter
from evse_drivers.meters.sunspec_models import FLOAT_MODELS, INTEGER_MODELS, LENGTH
from fuzz_conversation import Said, Words, driven, good
from fuzz_engine import Target
from fuzz_mutator import lines, tree

WHERE = "evse.1.meter"
CHARX = CharxMeter(CharxMeter.Settings("charx"), WHERE, Words(b""))  # one for all: it reads its map when it is made
MAPS = [load(path.stem, "", WHERE) for path in sorted(PACKAGE_MAPS.glob("*.toml"))]


def by_map(data: bytes) -> None:
    """The first byte chooses the map, the rest are its registers."""
    its = MAPS[data[0] % len(MAPS)] if data else MAPS[0]
    answer = driven(Words(data[1:]).read(1, its.blocks, WHERE))
    good(its.reading(1.0, answer.words))
    identified = driven(Words(data[1:]).read(1, [row.block for row in its.identify], WHERE)) if its.identify else None
    if identified is not None:
        assert its.identifies(identified.words) is not None


def map_file(data: bytes) -> None:
    """A technician's map: what passes can be read by."""
    its = parse(data.decode("utf-8", "replace"), f"{WHERE}.map: m.toml")
    assert its.blocks
    for block in its.blocks:
        assert 1 <= block.count <= 125
        assert 0 <= block.address <= 65536 - block.count
    image = {(b.function, b.address + i): 0x8000 | i for b in its.blocks for i in range(b.count)}
    reading = its.reading(1.0, image)
    for value in (reading.watts, reading.import_wh, *reading.volts):
        assert value is None or abs(value) < float("inf"), reading


def sunspec(data: bytes) -> None:
    """A walk through the device's models, and two readings."""
    meter = SunSpecMeter(SunSpecMeter.Settings("lan"), WHERE, Words(data))
    good(driven(meter.read()))


def _device(model: int, words: list[int]) -> bytes:
    found = [0x5375, 0x6E53, 1, 66, model, LENGTH[model], *words]
    return b"".join(word.to_bytes(2, "big") for word in found)


def sunspec_shape(data: bytes, rng: Random) -> bytes:
    """Most often with the mark at its beginning, so that the walk begins."""
    return b"SunS" + data[4:] if rng.random() < 0.8 else data


def openevse(data: bytes) -> None:
    good(driven(OpenEvseMeter(OpenEvseMeter.Settings("openevse", voltmeter=True), WHERE, Said(data)).read()))


def charx(data: bytes) -> None:
    CHARX._bus = Words(data)
    good(driven(CHARX.read()))


# --- WM3M4C -----------------------------------------------------------------------------------------------------------

KEY = "3059" + "00" * 89
ROWS = (
    '{"TM":"2026-11-21T08:05:00,000+0000 S","TX":"B","RV":1234.567,"RI":"1-0:1.8.0","RU":"kWh","ST":"G"}',
    '{"TM":"2026-11-21T09:05:00,000+0000 S","TX":"E","RV":1240,"RU":"Wh"}',
)
RECORD = '{"FV":"1.0","PG":"T42","MV":"Iskra","MS":"0815","IS":true,"IF":["RFID_PLAIN"],"ID":"04A1","RD":[%s]}'
RECORDS = tuple((RECORD % ",".join(rows)).encode() for rows in (ROWS, ROWS[:1], ()))
BEGUN = Output.read(RECORDS[1], WHERE).signed(b"\x30\x06\x02\x01\x01\x02\x01\x01", KEY)


def iskra_record(data: bytes) -> None:
    """Its signed data set: passed on as it is, whatever it says."""
    output = Output.read(data, WHERE)
    signed = output.signed(data[-72:], KEY)
    assert signed.data.startswith(f"OCMF|{output.text}|")
    assert signed.wh is None or abs(signed.wh) < 1e15
    output.ends(Output.of(BEGUN))
    Output.of(BEGUN).ends(output)
    Output.of(signed)
    assert len(iskra_records.same_data_set(signed)) > 0


def signature(data: bytes) -> None:
    """DER: made minimal once, it stays so."""
    minimal = iskra_records.minimal(data)
    assert iskra_records.minimal(minimal) == minimal
    assert len(minimal) <= max(len(data), 2 + 2 * 43)


def iskra(data: bytes) -> None:
    """Its registers: a reading, a record that was left, its key."""
    meter = IskraMeter(IskraMeter.Settings("rs485"), WHERE, Words(data))
    good(driven(meter.read()))
    left = driven(IskraMeter(IskraMeter.Settings("rs485"), WHERE, Words(b"\0\0" + data)).end(BEGUN, 1.8e9))
    assert left is None or isinstance(left, Signed)
    assert len(driven(meter.public_key())) == 2 * 91


def iskra_shape(data: bytes, rng: Random) -> bytes:
    """Half of them hold a record: length, JSON, length of a signature, signature, key."""
    if rng.random() < 0.5:
        return data
    return left(tree(RECORDS[rng.getrandbits(8) % 3], rng)[:2048], data)


def left(text: bytes, rest: bytes) -> bytes:
    """A record as it stands in the registers."""
    return len(text).to_bytes(2, "big") + text + b"\0" * (len(text) % 2) + b"\0\x08" + rest[:72].ljust(240, b"\0")


METERS = (
    Target(
        "register maps",
        ("evse_drivers.meters.register_map",),
        by_map,
        tuple(bytes([i]) + words * 120 for i in range(len(MAPS)) for words in (b"\x43\x66\x80\x00", bytes(4))),
    ),
    Target(
        "map files",
        ("evse_drivers.meters.map_file",),
        map_file,
        (
            *(Path(path).read_bytes() for path in sorted(PACKAGE_MAPS.glob("*.toml"))[::6]),
            b'type = "int16"\n[registers]\nwatts = { address = 1, unit = "W" }\nhertz = { address = 3, unit = "Hz" }\n',
        ),
        lines,
        text=True,
        words=(b'"float64"', b'"int16"', b"registers.", b"[line]\n", b"identify.model", b"equals = [3]", b"none = [0]"),
        longest=4096,
    ),
    Target(
        "SunSpec",
        ("evse_drivers.meters.sunspec", "evse_drivers.meters.sunspec_models"),
        sunspec,
        tuple(_device(model, [0x0101] * 124) for model in (*INTEGER_MODELS, *FLOAT_MODELS)),
        sunspec_shape,
    ),
    Target(
        "OpenEVSE meter",
        ("evse_drivers.meters.openevse",),
        openevse,
        (b"OK 16000 240000\nOK 3600 1000\nOK 03 1 03 0140\nOK 7200 1000", b"OK -1 0\nOK 0 0\nOK 01 0 01 0000\nOK 0 0"),
        words=(b"OK ", b"NK", b"-1", b"\n"),
        longest=300,
    ),
    Target("CHARX meter", ("evse_drivers.meters.phoenix_charx",), charx, (b"\x00\x01" * 60,), longest=300),
    Target(
        "Iskra registers",
        ("evse_drivers.meters.iskra", "evse_drivers.meters.iskra_records"),
        iskra,
        tuple(left(text, bytes.fromhex("3006020101020101")) for text in RECORDS),
        iskra_shape,
        longest=3000,
    ),
    Target(
        "Iskra records (OCMF)",
        ("evse_drivers.meters.iskra_records",),
        iskra_record,
        RECORDS,
        tree,
        text=True,
        words=(b'"RD":[', b'"TX":"', b'"RV":', b'"PG":"T9"', b"|"),
        longest=2048,
    ),
    Target(
        "signatures (DER)",
        ("evse_drivers.meters.iskra_records",),
        signature,
        (bytes.fromhex("3006020101020101"), b"\x30\x44" + b"\x02\x20" + b"\x7f" * 32 + b"\x02\x20" + b"\x01" * 32),
        longest=200,
    ),
)  # fmt: skip
