"""`evsed signed`: records out of a real database, beside a store that is open, for whoever verifies them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from evsed.model.journal import Bind, Booted, Save
from evsed.model.time import Instant
from evsed.model.transactions import Context, SignedRecord
from evsed.signed import main
from evsed.store.database import Store

sys.path.append(str(Path(__file__).parent / "drivers"))
from iskra_peer import Wm3m4c, verifies

FIRST, SECOND = "0b6f2a4e-8f7c-4c1e-9e57-0d5f3a1c2b3d", "0b7a0000-8f7c-4c1e-9e57-0d5f3a1c2b3d"


def record_of(peer: Wm3m4c, transaction: str | None, context: Context, at: float) -> SignedRecord:
    """What the meter signs now, as its driver takes it."""
    from evse_drivers.api import Identification
    from evse_drivers.meters.iskra_records import Output, bytes_of, data_set, words_of

    told = data_set(Identification("ISO14443", "<04A1&B2>"), "DE*ABC*E1")
    for address, word in enumerate(words_of(told), 7100):
        peer.holding[address] = word
    peer.holding |= {7056: len(told), 7054: 1_800_000_000 >> 16, 7055: 1_800_000_000 & 0xFFFF, 7071: 2}
    peer._command("B" if context is Context.BEGIN else "E")
    words = [peer.holding.get(7612 + i, 0) for i in range(600)]
    output = Output.read(bytes_of(words, peer.holding[7057]), "")
    signature = bytes_of([peer.holding.get(8188 + i, 0) for i in range(40)], peer.holding[7058])
    return SignedRecord(Instant(at, None, 1), 1, transaction, context, output.signed(signature, peer.public_key))


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    """A station's file, its database open and with three records in it."""
    path = tmp_path / "evsed.toml"
    path.write_text(
        f'''[station]
serial = "T1"
state = "{tmp_path}/state"
runtime = "{tmp_path}/run"

[bus.wires]
driver = "desk"
socket = "{tmp_path}/run/desk.sock"

[evse.1.pilot]
driver = "desk"
bus = "wires"

[evse.1.contactor]
driver = "desk"
bus = "wires"
'''
    )
    store = Store.open(tmp_path / "state")
    boot = store.new_boot()
    peer = Wm3m4c()
    peer.pads = True
    rows = [
        record_of(peer, FIRST, Context.BEGIN, 10.0),
        record_of(peer, FIRST, Context.END, 20.0),
        record_of(peer, SECOND, Context.BEGIN, 30.0),
    ]
    entries = [Save("signed", f"{number:09}", row) for number, row in enumerate(rows, 1)]
    store.submit([*entries, Bind(FIRST, 77), Booted(boot, 1_799_999_990.0)])
    store.submit([])
    store._writer.close(5.0)
    yield path
    store.close()


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_list_names_every_record(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "list", "-c", str(config))
    assert code == 0
    assert out.splitlines() == [
        f"2027-01-15T08:00:00+00:00  EVSE 1  begin             1234.560 kWh  {FIRST} (77)",
        f"2027-01-15T08:00:10+00:00  EVSE 1  end               1234.560 kWh  {FIRST} (77)",
        f"2027-01-15T08:00:20+00:00  EVSE 1  begin             1234.560 kWh  {SECOND}",
    ]


@pytest.mark.parametrize("name", [FIRST, "0b6f", "77"])
def test_an_exported_record_verifies_and_an_altered_one_does_not(
    config: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    output = tmp_path / "out.ocmf"
    code, out, _ = run(capsys, "export", name, "-o", str(output), "-c", str(config))
    assert (code, out) == (0, f"{output}: 2 signed record(s) of transaction {FIRST}\n")
    lines = output.read_text().splitlines()
    _, xml, _ = run(capsys, "export", name, "--xml", "-c", str(config))
    values = ElementTree.fromstring(xml).findall("value")
    assert [value.get("context") for value in values] == ["Transaction.Begin", "Transaction.End"]
    for line, value in zip(lines, values, strict=True):
        key = value.findtext("publicKey")
        assert key is not None
        assert value.findtext("signedData") == line
        assert verifies(line, key)
        for place in (10, len(line) // 2):
            altered = line[:place] + chr(ord(line[place]) ^ 1) + line[place + 1 :]
            if altered.count("|") == 2:
                assert not verifies(altered, key)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("0b", 'more than one transaction is "0b". `evsed signed list` shows them all.'),
        ("4711", 'no signed record of "4711". `evsed signed list` shows them all.'),
    ],
)
def test_what_cannot_be_meant_is_told(config: Path, capsys: pytest.CaptureFixture[str], name: str, words: str) -> None:
    assert run(capsys, "export", name, "-c", str(config)) == (1, "", f"evsed signed: {words}\n")


def test_a_file_that_cannot_be_written_is_told(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "export", "77", "-o", "/nowhere/x", "-c", str(config))
    assert (code, err) == (
        1,
        "evsed signed: /nowhere/x: No such file or directory. Name a file that can be written.\n",
    )


def test_no_database_is_told(config: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text(config.read_text().replace(f"{tmp_path}/state", f"{tmp_path}/nothing"))
    code, _, err = run(capsys, "list", "-c", str(other))
    assert code == 1
    assert err == (
        f"evsed signed: {tmp_path}/nothing/evsed.db: there is no database. "
        "Is this the [station] state of the station?\n"
    )
