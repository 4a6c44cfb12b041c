"""Single registers of every map: power in both directions, what no example frame shows, and each mark of no value."""

from __future__ import annotations

import pytest
from evse_drivers.api import Reading
from evse_drivers.meters.modbus_map import PACKAGE_MAPS, load
from evse_drivers.meters.register_map import RegisterMap
from meter_peers import example

MAPS = sorted(path.stem for path in PACKAGE_MAPS.glob("*.toml"))
Told = float | str | None

# By map: quantity, function, first register, words as they stand on the line, and what they say. From the makers'
# papers and the other readers named in each map; made apart from the maps.
WORDS: dict[str, list[tuple[str, int, int, str, Told]]] = {
    "abb-b21": [
        ("watts", 3, 0x5B14, "fff9 67ea", -4321.5),
        ("watts", 3, 0x5B14, "7fff ffff", None),
        ("import_wh", 3, 0x5000, "ffff ffff ffff ffff", None),
        ("export_wh", 3, 0x5004, "ffff ffff ffff ffff", None),
        ("export_wh", 3, 0x5004, "0000 0001 0000 0005", 42949673010.0),
        ("volts.L1", 3, 0x5B00, "ffff ffff", None),
        ("amps.L1", 3, 0x5B0C, "ffff ffff", None),
        ("hertz", 3, 0x5B2C, "ffff", None),
        ("hertz", 3, 0x5B2C, "138a", 50.02),
        ("watts_by_phase.L1", 3, 0x5B14, "7fff ffff", None),
    ],
    "abb-b23": [
        ("watts", 3, 0x5B14, "fff9 67ea", -4321.5),
        ("watts", 3, 0x5B14, "7fff ffff", None),
        ("import_wh", 3, 0x5000, "ffff ffff ffff ffff", None),
        ("export_wh", 3, 0x5004, "ffff ffff ffff ffff", None),
        ("export_wh", 3, 0x5004, "0000 0001 0000 0005", 42949673010.0),
        ("volts.L1", 3, 0x5B00, "ffff ffff", None),
        ("amps.L1", 3, 0x5B0C, "ffff ffff", None),
        ("hertz", 3, 0x5B2C, "ffff", None),
        ("hertz", 3, 0x5B2C, "138a", 50.02),
        ("watts_by_phase.L1", 3, 0x5B16, "fffd cd4e", -1440.5),
        ("watts_by_phase.L1", 3, 0x5B16, "7fff ffff", None),
        ("volts.L1", 3, 0x5B00, "ffff ffff", None),
        ("amps.L1", 3, 0x5B0C, "ffff ffff", None),
        ("watts_by_phase.L2", 3, 0x5B18, "fffd cd4e", -1440.5),
        ("watts_by_phase.L2", 3, 0x5B18, "7fff ffff", None),
        ("volts.L2", 3, 0x5B02, "ffff ffff", None),
        ("amps.L2", 3, 0x5B0E, "ffff ffff", None),
        ("watts_by_phase.L3", 3, 0x5B1A, "fffd cd4e", -1440.5),
        ("watts_by_phase.L3", 3, 0x5B1A, "7fff ffff", None),
        ("volts.L3", 3, 0x5B04, "ffff ffff", None),
        ("amps.L3", 3, 0x5B10, "ffff ffff", None),
    ],
    "bernecker-mpm3pm": [
        ("watts", 4, 0x0026, "fff9 67ea", -4321.5),
        ("watts_by_phase.L1", 4, 0x0014, "fffd cd4e", -1440.5),
        ("watts_by_phase.L2", 4, 0x0016, "fffd cd4e", -1440.5),
        ("watts_by_phase.L3", 4, 0x0018, "fffd cd4e", -1440.5),
    ],
    "carlo-gavazzi-em112": [
        ("hertz", 4, 0x000F, "ffff", None),
        ("export_wh", 4, 0x0020, "ffff 7fff", None),
        ("export_wh", 4, 0x0020, "0005 0000", 500.0),
        ("export_wh", 4, 0x0020, "fffb ffff", 500.0),
    ],
    "carlo-gavazzi-em24": [
        ("watts", 4, 0x0028, "5731 ffff", -4321.5),
        ("watts_by_phase.L1", 4, 0x0012, "c7bb ffff", -1440.5),
        ("watts_by_phase.L2", 4, 0x0014, "c7bb ffff", -1440.5),
        ("watts_by_phase.L3", 4, 0x0016, "c7bb ffff", -1440.5),
        ("volts.L2", 4, 0x0002, "ffff 7fff", None),
        ("amps.L2", 4, 0x000E, "ffff 7fff", None),
        ("watts", 4, 0x0028, "ffff 7fff", None),
        ("import_wh", 4, 0x003E, "ffff 7fff", None),
        ("sequence", 4, 0x0036, "ffff", "L1-L3-L2"),
        ("hertz", 4, 0x0037, "ffff", None),
    ],
    "carlo-gavazzi-em24-e1": [
        ("watts", 4, 0x0028, "5731 ffff", -4321.5),
        ("watts_by_phase.L1", 4, 0x0012, "c7bb ffff", -1440.5),
        ("watts_by_phase.L2", 4, 0x0014, "c7bb ffff", -1440.5),
        ("watts_by_phase.L3", 4, 0x0016, "c7bb ffff", -1440.5),
        ("volts.L2", 4, 0x0002, "ffff 7fff", None),
        ("amps.L2", 4, 0x000E, "ffff 7fff", None),
        ("watts", 4, 0x0028, "ffff 7fff", None),
        ("hertz", 4, 0x0033, "01f3", 49.9),
        ("sequence", 4, 0x0032, "0000", "L1-L2-L3"),
        ("sequence", 4, 0x0032, "ffff", "L1-L3-L2"),
        ("hertz", 4, 0x0033, "ffff", None),
        ("import_wh", 4, 0x0034, "ffff 7fff", None),
        ("export_wh", 4, 0x004E, "ffff 7fff", None),
    ],
    "carlo-gavazzi-em340": [
        ("watts", 4, 0x0028, "5731 ffff", -4321.5),
        ("watts_by_phase.L1", 4, 0x0012, "c7bb ffff", -1440.5),
        ("watts_by_phase.L2", 4, 0x0014, "c7bb ffff", -1440.5),
        ("watts_by_phase.L3", 4, 0x0016, "c7bb ffff", -1440.5),
        ("volts.L2", 4, 0x0002, "ffff 7fff", None),
        ("amps.L2", 4, 0x000E, "ffff 7fff", None),
        ("watts", 4, 0x0028, "ffff 7fff", None),
        ("hertz", 4, 0x0033, "01f3", 49.9),
        ("sequence", 4, 0x0032, "0000", "L1-L2-L3"),
        ("sequence", 4, 0x0032, "ffff", "L1-L3-L2"),
        ("hertz", 4, 0x0033, "ffff", None),
        ("import_wh", 4, 0x0034, "ffff 7fff", None),
        ("export_wh", 4, 0x004E, "ffff 7fff", None),
    ],
    "carlo-gavazzi-em540": [
        ("watts", 4, 0x0028, "5731 ffff", -4321.5),
        ("watts_by_phase.L1", 4, 0x0012, "c7bb ffff", -1440.5),
        ("watts_by_phase.L2", 4, 0x0014, "c7bb ffff", -1440.5),
        ("watts_by_phase.L3", 4, 0x0016, "c7bb ffff", -1440.5),
        ("volts.L2", 4, 0x0002, "ffff 7fff", None),
        ("amps.L2", 4, 0x000E, "ffff 7fff", None),
        ("watts", 4, 0x0028, "ffff 7fff", None),
        ("sequence", 4, 0x010E, "ffff", "L1-L3-L2"),
        ("hertz", 4, 0x053C, "c35c 0000", 50.012),
    ],
    "eastron-sdm120": [
        ("watts", 4, 0x000C, "4587 0c00", 4321.5),
    ],
    "eastron-sdm630": [
        ("watts", 4, 0x0034, "c587 0c00", -4321.5),
        ("watts_by_phase.L1", 4, 0x000C, "c4b4 1000", -1440.5),
        ("watts_by_phase.L2", 4, 0x000E, "c4b4 1000", -1440.5),
        ("watts_by_phase.L3", 4, 0x0010, "c4b4 1000", -1440.5),
    ],
    "eastron-sdm72": [
        ("watts", 4, 0x0034, "c587 0c00", -4321.5),
    ],
    "eastron-sdm72-v2": [
        ("watts", 4, 0x0034, "c587 0c00", -4321.5),
        ("watts_by_phase.L1", 4, 0x000C, "c4b4 1000", -1440.5),
        ("watts_by_phase.L2", 4, 0x000E, "c4b4 1000", -1440.5),
        ("watts_by_phase.L3", 4, 0x0010, "c4b4 1000", -1440.5),
    ],
    "finder-7m24": [
        ("watts", 4, 2536, "c587 0c00", -4321.5),
    ],
    "finder-7m38": [
        ("watts", 4, 2536, "c587 0c00", -4321.5),
        ("watts_by_phase.L1", 4, 2530, "c4b4 1000", -1440.5),
        ("watts_by_phase.L2", 4, 2532, "c4b4 1000", -1440.5),
        ("watts_by_phase.L3", 4, 2534, "c4b4 1000", -1440.5),
    ],
    "heidelberg-energy-control": [
        ("amps.L3", 4, 8, "009b", 15.5),
        ("watts", 4, 14, "9c40", 40000.0),
    ],
    "inepro-pro380": [
        ("watts", 3, 0x5012, "c08a 0000", -4312.5),
        ("watts_by_phase.L1", 3, 0x5014, "bfb8 0000", -1437.5),
        ("watts_by_phase.L2", 3, 0x5016, "bfb8 0000", -1437.5),
        ("watts_by_phase.L3", 3, 0x5018, "bfb8 0000", -1437.5),
    ],
    "janitza-umg96": [
        ("watts", 3, 19026, "c587 0c00", -4321.5),
        ("watts_by_phase.L1", 3, 19020, "c4b4 1000", -1440.5),
        ("watts_by_phase.L2", 3, 19022, "c4b4 1000", -1440.5),
        ("watts_by_phase.L3", 3, 19024, "c4b4 1000", -1440.5),
        ("sequence", 3, 19052, "bf80 0000", "L1-L3-L2"),
        ("sequence", 3, 19052, "0000 0000", None),
    ],
    "orno-we504": [
        ("watts", 3, 0x0003, "59d8", 23000.0),
    ],
    "orno-we514": [
        ("watts", 3, 0x0140, "ffff ef1f", -4321.0),
        ("watts_by_phase.L1", 3, 0x0140, "ffff ef1f", -4321.0),
    ],
    "orno-we516": [
        ("watts", 3, 0x001C, "c08a 0000", -4312.5),
        ("watts_by_phase.L1", 3, 0x001E, "bfb8 0000", -1437.5),
        ("watts_by_phase.L2", 3, 0x0020, "bfb8 0000", -1437.5),
        ("watts_by_phase.L3", 3, 0x0022, "bfb8 0000", -1437.5),
    ],
    "phoenix-charx": [
        ("amps.L1", 3, 1238, "0000 280a", 10.25),
        ("amps.L1", 3, 1238, "ffff ffff", None),
        ("amps.L2", 3, 1240, "0000 280a", 10.25),
        ("amps.L2", 3, 1240, "ffff ffff", None),
        ("amps.L3", 3, 1242, "0000 280a", 10.25),
        ("amps.L3", 3, 1242, "ffff ffff", None),
        ("watts", 3, 1244, "ffbe 0f24", -4321.5),
        ("import_wh", 3, 1250, "ffff ffff ffff ffff", None),
    ],
    "phoenix-em-cp-pp-eth": [
        ("watts", 4, 120, "ffd5 ffff", -430.0),
        ("watts", 4, 120, "ffff ffff", None),
        ("volts.L1", 4, 108, "59e4 0000", 230.12),
        ("volts.L2", 4, 110, "59e4 0000", 230.12),
        ("volts.L3", 4, 112, "59e4 0000", 230.12),
        ("amps.L1", 4, 114, "3b92 0000", 15.25),
        ("amps.L2", 4, 116, "3b92 0000", 15.25),
        ("amps.L3", 4, 118, "3b92 0000", 15.25),
    ],
    "phoenix-ev-eth": [
        ("volts.L3", 4, 112, "00e7 0000", 231.0),
        ("amps.L3", 4, 118, "000f 0000", 15.0),
        ("amps.L3", 4, 118, "ffff ffff", None),
        ("watts", 4, 120, "ef1f ffff", -4321.0),
    ],
    "schneider-iem3155": [
        ("watts", 3, 0x0BF3, "c08a 0000", -4312.5),
        ("watts_by_phase.L1", 3, 0x0BED, "bfb8 0000", -1437.5),
        ("watts_by_phase.L2", 3, 0x0BEF, "bfb8 0000", -1437.5),
        ("watts_by_phase.L3", 3, 0x0BF1, "bfb8 0000", -1437.5),
        ("watts", 3, 0x0BF3, "ffc0 0000", None),
        ("volts.L2", 3, 0x0BD5, "7fc0 0000", None),
        ("hertz", 3, 0x0C25, "4248 0000", 50.0),
        ("import_wh", 3, 0x0C83, "8000 0000 0000 0000", None),
        ("export_wh", 3, 0x0C87, "8000 0000 0000 0000", None),
    ],
    "siemens-7kt1665": [
        ("watts", 4, 57, "0006 9816", 4321.5),
    ],
    "siemens-pac2200": [
        ("watts", 3, 65, "c587 0c00", -4321.5),
        ("volts.L2", 3, 3, "7fc0 0000", None),
        ("watts_by_phase.L1", 3, 25, "c4b4 1000", -1440.5),
        ("watts_by_phase.L2", 3, 27, "c4b4 1000", -1440.5),
        ("watts_by_phase.L3", 3, 29, "c4b4 1000", -1440.5),
    ],
    "wallbe": [
        ("volts.L3", 4, 112, "00e7 0000", 231.0),
        ("amps.L3", 4, 118, "000f 0000", 15.0),
        ("amps.L3", 4, 118, "ffff ffff", None),
        ("watts", 4, 120, "ef1f ffff", -4321.0),
    ],
}
UNSIGNED = ("heidelberg-energy-control",)  # it knows one direction of power only


def loaded(name: str) -> RegisterMap:
    return load(name, "/nowhere", "evse.1.meter")


def told(reading: Reading, quantity: str) -> Told:
    name, _, phase = quantity.partition(".")
    value = getattr(reading, name)
    value = value[int(phase[1]) - 1] if phase else value
    return getattr(value, "expected", value)  # of an example's pytest.approx


@pytest.mark.parametrize(
    ("name", "quantity", "function", "register", "words", "value"),
    [(name, *row) for name, rows in WORDS.items() for row in rows],
)
def test_a_register_says(name: str, quantity: str, function: int, register: int, words: str, value: Told) -> None:
    found = dict(example(name).words)
    for i, word in enumerate(words.split()):
        assert (function, register + i) in found
        found[function, register + i] = int(word, 16)
    said = told(loaded(name).reading(1.0, found), quantity)
    assert said == (pytest.approx(value) if isinstance(value, float) else value)


@pytest.mark.parametrize("name", MAPS)
def test_every_quantity_of_a_map_has_a_value_in_an_example(name: str) -> None:
    reading = example(name).expected(1.0)
    shown = {quantity for quantity, *_, value in WORDS.get(name, []) if value is not None}
    assert [
        row.quantity for row in loaded(name).rows if not told(reading, row.quantity) and row.quantity not in shown
    ] == []


@pytest.mark.parametrize("name", [name for name in MAPS if name not in UNSIGNED])
def test_every_power_of_a_map_is_shown_in_reverse(name: str) -> None:
    reading = example(name).expected(1.0)
    told_here = [(quantity, value) for quantity, *_, value in WORDS.get(name, [])]
    for row in loaded(name).rows:
        if row.quantity.startswith("watts"):
            values = [
                told(reading, row.quantity),
                *(value for quantity, value in told_here if quantity == row.quantity),
            ]
            assert any(isinstance(value, float) and value < 0 for value in values), row.quantity


@pytest.mark.parametrize("name", MAPS)
def test_every_mark_of_no_value_is_shown(name: str) -> None:
    marks = {mark for row in loaded(name).rows for mark in row.none}
    shown = {
        int("".join(order), 16)
        for _, _, _, words, value in WORDS.get(name, [])
        if value is None
        for order in (words.split(), words.split()[::-1])
    }
    assert marks - shown == set()
