"""Register maps: words to quantities, requests to blocks, and every mistake in a file by its key."""

from __future__ import annotations

from pathlib import Path

import pytest
from evse_drivers.api import DriverError, Reading
from evse_drivers.buses.modbus import Block
from evse_drivers.meters.map_file import parse
from evse_drivers.meters.modbus_map import ModbusMeter, available, load
from evse_drivers.meters.register_map import Line, RegisterMap

ONE_ROW = "function = 3\n[registers]\n"


def words(function: int, address: int, data: str) -> dict[tuple[int, int], int]:
    raw = bytes.fromhex(data)
    return {(function, address + i): int.from_bytes(raw[2 * i : 2 * i + 2], "big") for i in range(len(raw) // 2)}


def problems(text: str) -> list[str]:
    with pytest.raises(DriverError) as caught:
        parse(text, "m.toml")
    return str(caught.value).splitlines()


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
    assert rows_at("bridge = 1", 0, 4, 6).blocks == (Block(4, 0, 2), Block(4, 4, 4))
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
        ("a = " + "9" * 5000, "m.toml: a number has thousands of digits, or hundreds of brackets are nested."),
        ("a = " + "[" * 5000, "m.toml: a number has thousands of digits, or hundreds of brackets are nested."),
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
            'function = 3.0\n[registers]\nwatts = { address = 1, type = "int16", unit = "W" }',
            "  registers.watts.function = 3.0  is unknown. Allowed: 3, 4.",
        ),
        (
            '[registers]\nwatts = { address = 1, type = "int16", unit = "W", none = [-1] }',
            "  registers.watts.none = [-1]  is no list of raw values. Allowed: whole numbers, like [0x7FFFFFFF].",
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
        f"There are: {', '.join(sorted(available('/nowhere')))}. Your own go into /nowhere; drivers/README.md says how "
        "to write one."
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


def test_the_order_of_the_phases_may_be_a_float() -> None:
    found = parse(f'{ONE_ROW}sequence = {{ address = 0, type = "float32", L1-L2-L3 = [1], L1-L3-L2 = [-1] }}', "m.toml")
    for data, order in (("3f80 0000", "L1-L2-L3"), ("bf80 0000", "L1-L3-L2"), ("0000 0000", None), ("7fc0 0000", None)):
        assert found.reading(1.0, words(3, 0, data)).sequence == order


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


SIGNED = """
function = 3
type = "int16"
signed_by_power = true
[registers]
amps = { L1 = { address = 0, unit = "A" }, L2 = { address = 1, unit = "A" }, L3 = { address = 2, unit = "A" } }
watts_by_phase = { L1 = { address = 3, unit = "W", none = [0x7FFF] }, L2 = { address = 4, unit = "W" } }
"""


@pytest.mark.parametrize(
    ("data", "amps"),
    [
        ("0010 0008 0004 0001 ffff", (16.0, -8.0, 4.0)),
        ("0010 fff8 0004 8000 ffff", (-16.0, -8.0, 4.0)),
        ("0010 0008 0004 7fff 0000", (16.0, 8.0, 4.0)),
    ],
)
def test_a_current_without_a_sign_takes_its_powers_and_stays_where_there_is_none(
    data: str, amps: tuple[float, ...]
) -> None:
    assert parse(SIGNED, "m.toml").reading(1.0, words(3, 0, data)).amps == amps
    unsigned = parse(SIGNED.replace("true", "false"), "m.toml")
    assert unsigned.reading(1.0, words(3, 0, "0010 0008 0004 0001 ffff")).amps == (16.0, 8.0, 4.0)


WATTS = '[registers]\nwatts = { address = 1, type = "int16", unit = "W" }\n'


def test_a_map_says_how_its_meter_leaves_the_factory() -> None:
    assert parse(WATTS, "m.toml").line == Line(9600, "N", 1, 1, 0, None)
    text = '[line]\nbaudrate = 19200\nparity = "E"\nstopbits = 2\nunit = 33\ngap_ms = 100\nport = 502\n'
    assert parse(text + WATTS, "m.toml").line == Line(19200, "E", 2, 33, 100, 502)


def test_what_is_wrong_with_a_factory_setting_is_told() -> None:
    text = '[line]\nbaudrate = 9601\nparity = "even"\nstopbits = 0\nunit = 0\ngap_ms = 501\nport = 0\nspeed = 1\n'
    assert problems(text + WATTS) == [
        "m.toml: 7 problems.",
        "  line.speed  is no key of a map. Allowed: baudrate, parity, stopbits, unit, gap_ms, port.",
        '  line.baudrate = 9601  is unknown. Did you mean "9600"? Allowed: 1200, 2400, 4800, 9600, 19200, 38400, '
        "57600, 115200.",
        "  line.parity = 'even'  is unknown. Allowed: N, E, O.",
        "  line.stopbits = 0  is unknown. Allowed: 1, 2.",
        "  line.unit = 0  is out of range. Allowed: 1 to 255.",
        "  line.gap_ms = 501  is out of range. Allowed: 0 to 500.",
        "  line.port = 0  is out of range. Allowed: 1 to 65535.",
    ]


def test_a_model_is_known_by_a_number_or_by_how_a_text_begins() -> None:
    head = 'type = "uint16"\n[identify]\nmodel = { address = 11, function = 4, equals = [71, 72] }\n'
    found = parse(head + WATTS, "m.toml")
    assert [identity.block for identity in found.identify] == [Block(4, 11, 1)]
    assert found.identifies(words(4, 11, "0048")) is True
    assert found.identifies(words(4, 11, "0049")) is False
    assert found.identifies(words(3, 11, "0048")) is None
    head = '[identify]\nmodel = { address = 5, type = "text", words = 2, equals = ["B23", "B24"] }\n'
    found = parse(head + WATTS, "m.toml")
    assert found.identifies(words(3, 5, "4232 3420")) is True
    assert found.identifies(words(3, 5, "4232 3120")) is False
    assert found.identifies(words(3, 5, "ff00 ff00")) is False
    assert found.identifies(words(3, 5, "4232")) is None
    assert parse(WATTS, "m.toml").identifies({}) is None


def test_two_rows_of_identity_must_both_fit() -> None:
    rows = 'a = { address = 1, equals = [1] }\nb = { address = 2, type = "int32", equals = [-1] }\n'
    found = parse('type = "uint16"\n[identify]\n' + rows + WATTS, "m.toml")
    assert found.identifies(words(3, 1, "0001 ffff ffff")) is True
    assert found.identifies(words(3, 1, "0001 ffff fffe")) is False
    assert found.identifies(words(3, 1, "0002")) is False
    assert found.identifies(words(3, 1, "0001")) is None


def test_what_is_wrong_with_an_identity_is_told() -> None:
    text = """
signed_by_power = 1
[identify]
a = 5
b = { address = 1, type = "float32", equals = [] }
c = { address = 65535, type = "text", words = 2, equals = ["x"] }
d = { address = 1, type = "text", equals = [1], unit = "W" }
"""
    types = "int16, uint16, int32, uint32, int64, uint64, text"
    assert problems(text + WATTS) == [
        "m.toml: 8 problems.",
        "  signed_by_power = 1  is no yes or no. Allowed: true, false.",
        '  identify.a = 5  is no row. A row is "{ address = 11, equals = [71] }".',
        f"  identify.b.type = 'float32'  is unknown. Allowed: {types}.",
        "  identify.b.equals = []  does not name the models. Allowed: whole numbers, like [71].",
        "  identify.c.address = 65535  leaves no room for a text. Allowed: 0 to 65534.",
        "  identify.d.unit  is no key of a map. Allowed: address, function, type, word_order, words, equals.",
        "  identify.d.words  is missing. Allowed: 1 to 125.",
        '  identify.d.equals = [1]  does not name the models. Allowed: texts that it begins with, like ["B23"].',
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("line = 5\n", "  line = 5  is no table. [line] is how the meter leaves the factory."),
        ("identify = 5\n", "  identify = 5  is no table. [identify] has the registers that tell the model."),
        (
            "[identify]\na = { address = 1, type = [], equals = [1] }\n",
            "  identify.a.type = []  is unknown. Allowed: int16, uint16, int32, uint32, int64, uint64, text.",
        ),
        (
            '[registers]\nhertz = { address = 1, type = "int16", unit = ["Hz"], absolute = 1 }\n#',
            "  registers.hertz.absolute = 1  is no yes or no. Allowed: true, false.",
        ),
    ],
)
def test_a_table_that_is_none_is_told(text: str, told: str) -> None:
    assert told in problems(text + WATTS)
