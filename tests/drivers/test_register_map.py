"""Register maps: words to quantities, requests to blocks, and every mistake in a file by its key."""

from __future__ import annotations

from pathlib import Path

import pytest
from evse_drivers.api import DriverError, Reading
from evse_drivers.buses.modbus import Block
from evse_drivers.meters.map_file import parse
from evse_drivers.meters.modbus_map import ModbusMeter, available, load
from evse_drivers.meters.register_map import RegisterMap

ONE_ROW = "function = 3\n[registers]\n"


def words(function: int, address: int, data: str) -> dict[tuple[int, int], int]:
    raw = bytes.fromhex(data)
    return {(function, address + i): int.from_bytes(raw[2 * i : 2 * i + 2], "big") for i in range(len(raw) // 2)}


def problems(text: str) -> list[str]:
    with pytest.raises(DriverError) as caught:
        parse(text, "m.toml")
    return str(caught.value).splitlines()


# What the meters of that name answer, in the bytes of the line.
EXAMPLES = {
    "eastron-sdm630": (
        words(4, 0x00, "4366 8000 4367 0000 4365 8000 4180 0000 4178 0000 3e80 0000 4566 8000 455f c800 4265 8000")
        | words(4, 0x34, "45e4 ef00")
        | words(4, 0x46, "4248 0000 4145 851f 3f00 0000"),
        Reading(
            5.0,
            import_wh=pytest.approx(12345.0, abs=0.01),
            export_wh=500.0,
            watts=7325.875,
            watts_by_phase=(3688.0, 3580.5, 57.375),
            amps=(16.0, 15.5, 0.25),
            volts=(230.5, 231.0, 229.5),
            hertz=50.0,
        ),
    ),
    "eastron-sdm120": (
        words(4, 0x00, "4366 8000")
        | words(4, 0x06, "4120 0000")
        | words(4, 0x0C, "c510 1000")
        | words(4, 0x46, "4248 0000 40e0 0000 0000 0000"),
        Reading(
            5.0,
            import_wh=7000.0,
            export_wh=0.0,
            watts=-2305.0,
            watts_by_phase=(-2305.0, None, None),
            amps=(10.0, None, None),
            volts=(230.5, None, None),
            hertz=50.0,
        ),
    ),
    # Made by the maker's table, not heard on a line.
    "carlo-gavazzi-em340": (
        words(4, 0x00, "0901 0000 0906 0000 08f7 0000")
        | words(4, 0x0C, "3e80 0000 3c8c 0000 00fa 0000 9010 0000 8bdd 0000 fdc2 ffff")
        | words(4, 0x28, "19af 0001")
        | words(4, 0x32, "ffff 01f4 e240 0001")
        | words(4, 0x4E, "0005 0000"),
        Reading(
            5.0,
            import_wh=pytest.approx(12_345_600.0),
            export_wh=pytest.approx(500.0),
            watts=pytest.approx(7211.1),
            watts_by_phase=(pytest.approx(3688.0), pytest.approx(3580.5), pytest.approx(-57.4)),
            amps=(pytest.approx(16.0), pytest.approx(15.5), pytest.approx(0.25)),
            volts=(pytest.approx(230.5), pytest.approx(231.0), pytest.approx(229.5)),
            hertz=pytest.approx(50.0),
            sequence="L1-L3-L2",
        ),
    ),
}


@pytest.mark.parametrize("name", sorted(available("/nowhere")))
def test_every_map_of_the_package_reads_its_example_bytes(name: str) -> None:
    example, reading = EXAMPLES[name]
    found = load(name, "/nowhere", "evse.1.meter")
    asked = {(block.function, block.address + i) for block in found.blocks for i in range(block.count)}
    assert asked == set(example)
    assert found.reading(5.0, example) == reading


@pytest.mark.parametrize(
    ("row", "data", "value"),
    [
        ('type = "uint16", unit = "W"', "ffff", 65535.0),
        ('type = "int16", unit = "kW"', "ffff", -1000.0),
        ('type = "int32", unit = "W", scale = 0.1, word_order = "low first"', "091b 0000", 233.1),
        ('type = "int32", unit = "W", scale = 0.1', "0000 091b", 233.1),
        ('type = "uint32", unit = "W"', "ffff fffe", 4294967294.0),
        ('type = "int64", unit = "mW"', "ffff ffff ffff fc18", -1.0),
        ('type = "uint64", unit = "W", word_order = "low first"', "0001 0000 0000 0000", 1.0),
        ('type = "float32", unit = "W", word_order = "low first"', "8000 4366", 230.5),
        ('type = "float64", unit = "W"', "406c d000 0000 0000", 230.5),
        ('type = "int32", unit = "W", scale = 0.1, absolute = true', "ffff fff6", 1.0),
        ('type = "float32", unit = "W"', "7fc0 0000", None),
        ('type = "float32", unit = "W"', "7f80 0000", None),
        ('type = "float32", unit = "W"', "ff80 0000", None),
        ('type = "float32", unit = "W"', "0000 0000", 0.0),
        ('type = "int32", unit = "W", none = [0x7FFFFFFF]', "7fff ffff", None),
        ('type = "int16", unit = "W", none = [0x8000, 0x7FFF]', "8000", None),
        ('type = "int32", unit = "W", none = [0x7FFFFFFF], word_order = "low first"', "ffff 7fff", None),
    ],
)
def test_words_become_a_quantity_or_none(row: str, data: str, value: float | None) -> None:
    found = parse(f"{ONE_ROW}watts = {{ address = 10, {row} }}", "m.toml")
    assert found.reading(1.0, words(3, 10, data)).watts == (None if value is None else pytest.approx(value))


def test_what_a_map_lacks_is_none_and_never_0() -> None:
    found = parse(f'{ONE_ROW}hertz = {{ address = 0, type = "uint16", unit = "Hz" }}', "m.toml")
    assert found.reading(1.0, words(3, 0, "0032")) == Reading(1.0, hertz=50.0)


def rows_at(head: str, *addresses: int) -> RegisterMap:
    names = ("volts.L1", "volts.L2", "volts.L3", "amps.L1")
    units = ("V", "V", "V", "A")
    rows = [f'{n} = {{ address = {a}, unit = "{u}" }}' for n, u, a in zip(names, units, addresses, strict=False)]
    return parse(f'type = "float32"\nfunction = 4\n{head}\n[registers]\n' + "\n".join(rows), "m.toml")


def test_neighbours_are_read_together_up_to_the_block_size() -> None:
    assert rows_at("", 0, 2, 4).blocks == (Block(4, 0, 6),)
    assert rows_at("block = 4", 0, 2, 4).blocks == (Block(4, 0, 4), Block(4, 4, 2))
    assert rows_at("", 0, 4, 6).blocks == (Block(4, 0, 2), Block(4, 4, 4))
    assert rows_at("bridge = 2", 0, 4, 6).blocks == (Block(4, 0, 8),)
    assert rows_at("", 0, 0, 2).blocks == (Block(4, 0, 4),)


def test_all_mistakes_are_told_at_once_each_with_its_key() -> None:
    text = """
functoin = 4
block = 0
[registers]
watts = { address = 70000, unit = "W", type = "float32" }
import_wh = { unit = "kwh", type = "float23", scale = 0, none = 5 }
volts.L4 = { address = 0 }
hertz = 50
amps.L1 = { address = 1, unit = "A", type = "float32", word_order = "little", fuction = 3 }
"""
    quantities = (
        "import_wh, export_wh, watts, hertz, watts_by_phase.L1, watts_by_phase.L2, watts_by_phase.L3, "
        "amps.L1, amps.L2, amps.L3, volts.L1, volts.L2, volts.L3, sequence"
    )
    types = "int16, uint16, int32, uint32, int64, uint64, float32, float64"
    assert problems(text) == [
        "m.toml: 12 problems.",
        '  functoin  is no key of a map. Did you mean "function"? Allowed: title, function, type, word_order, none, '
        "block, bridge, signed_by_power, line, identify, registers.",
        "  block = 0  is out of range. Allowed: 1 to 125.",
        "  registers.watts.address = 70000  is out of range. Allowed: 0 to 65535.",
        f"  registers.import_wh.type = 'float23'  is unknown. Did you mean \"float32\"? Allowed: {types}.",
        "  registers.import_wh.address  is missing. Allowed: 0 to 65535.",
        "  registers.import_wh.unit = 'kwh'  is unknown. Did you mean \"kWh\"? Allowed: Wh, kWh, MWh.",
        "  registers.import_wh.scale = 0  is no factor. Allowed: any number but 0, up to 1e+09.",
        "  registers.import_wh.none = 5  is no list of raw values. Allowed: whole numbers, like [0x7FFFFFFF].",
        f'  registers.volts.L4  is no quantity of a reading. Did you mean "volts.L3"? Allowed: {quantities}.',
        '  registers.hertz = 50  is no row. A row is "{ address = 52, unit = "W" }".',
        '  registers.amps.L1.fuction  is no key of a map. Did you mean "function"? Allowed: address, unit, scale, '
        "absolute, function, type, word_order, none.",
        "  registers.amps.L1.word_order = 'little'  is unknown. Allowed: high first, low first.",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a = x", "m.toml: this is not TOML: Invalid value (at line 1, column 5)."),
        (
            "",
            '  registers  is missing. A map has a table [registers] with rows like "watts = { address = 52 }".',
        ),
        (
            'block = 1\n[registers]\nwatts = { address = 1, type = "int32", unit = "W" }',
            "  block = 1  is too small for watts (int32, 2 registers).",
        ),
        (
            '[registers]\nwatts = { address = 65535, type = "int32", unit = "W" }',
            "  registers.watts.address = 65535  leaves no room for a int32. Allowed: 0 to 65534.",
        ),
        (
            '[registers]\nwatts = { address = 1, type = "int16" }',
            "  registers.watts.unit  is missing. Allowed: mW, W, kW.",
        ),
    ],
)
def test_a_mistake_in_a_map_is_told(text: str, told: str) -> None:
    assert problems(text)[-1] == told


def test_a_map_in_the_technicians_folder_goes_before_ours(tmp_path: Path) -> None:
    (tmp_path / "eastron-sdm630.toml").write_text(
        'title = "mine"\n[registers]\nwatts = { address = 1, type = "int16", unit = "W" }'
    )
    assert load("eastron-sdm630", str(tmp_path), "evse.1.meter").title == "mine"
    assert load("eastron-sdm120", str(tmp_path), "evse.1.meter").title == "Eastron SDM120, SDM220, SDM230"


def test_an_unknown_map_is_told_with_near_misses() -> None:
    with pytest.raises(DriverError) as caught:
        load("eastron-sdm360", "/nowhere", "evse.1.meter")
    assert str(caught.value) == (
        'evse.1.meter.map = "eastron-sdm360": there is no such map. Did you mean "eastron-sdm630"? '
        "There are: carlo-gavazzi-em340, eastron-sdm120, eastron-sdm630. Your own go into /nowhere; drivers/README.md "
        "says how to write one."
    )


def test_a_mistake_in_the_technicians_map_names_its_file(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(b"\xff")
    with pytest.raises(DriverError, match=r"^evse\.1\.meter\.map: .*mine\.toml cannot be read: .* UTF-8 file\.$"):
        load("mine", str(tmp_path), "evse.1.meter")
    (tmp_path / "mine.toml").write_text("[registers]")
    with pytest.raises(DriverError, match=r"^evse\.1\.meter\.map: .*mine\.toml: 1 problem\.\n  registers  is missing"):
        load("mine", str(tmp_path), "evse.1.meter")


def test_a_meter_without_a_bus_says_how_to_give_it_one() -> None:
    with pytest.raises(DriverError) as caught:
        ModbusMeter(ModbusMeter.Settings("eastron-sdm630", ""), "evse.1.meter")
    assert str(caught.value) == 'evse.1.meter: needs a bus. Set bus = "NAME" to a [bus.NAME] with a modbus driver.'


SEQUENCE_MAP = f'{ONE_ROW}sequence = {{ address = 0, type = "int16", L1-L2-L3 = [0, 2], L1-L3-L2 = [-1], none = [7] }}'


@pytest.mark.parametrize(
    ("data", "order"),
    [("0000", "L1-L2-L3"), ("0002", "L1-L2-L3"), ("ffff", "L1-L3-L2"), ("0001", None), ("0007", None)],
)
def test_the_order_of_the_phases_is_what_the_row_calls_it(data: str, order: str | None) -> None:
    assert parse(SEQUENCE_MAP, "m.toml").reading(1.0, words(3, 0, data)) == Reading(1.0, sequence=order)


def test_a_row_of_the_order_says_what_it_lacks() -> None:
    row = 'sequence = { address = 70000, unit = "W", type = "float33", L1-L2-L3 = [], L1-L3-L2 = 5, none = 1 }'
    types = "int16, uint16, int32, uint32, int64, uint64, float32, float64"
    numbers = "does not say by which numbers the meter tells it. Allowed: whole numbers, like [0]."
    assert problems(ONE_ROW + row) == [
        "m.toml: 6 problems.",
        "  registers.sequence.unit  is no key of a map. Allowed: address, function, type, word_order, none, L1-L2-L3, "
        "L1-L3-L2.",
        f"  registers.sequence.type = 'float33'  is unknown. Did you mean \"float32\"? Allowed: {types}.",
        "  registers.sequence.address = 70000  is out of range. Allowed: 0 to 65535.",
        "  registers.sequence.none = 1  is no list of raw values. Allowed: whole numbers, like [0x7FFFFFFF].",
        f"  registers.sequence.L1-L2-L3 = []  {numbers}",
        f"  registers.sequence.L1-L3-L2 = 5  {numbers}",
    ]
    last = 'sequence = { address = 65535, type = "int32", L1-L2-L3 = [0], L1-L3-L2 = [-1] }'
    assert problems(ONE_ROW + last)[1:] == [
        "  registers.sequence.address = 65535  leaves no room for a int32. Allowed: 0 to 65534."
    ]
