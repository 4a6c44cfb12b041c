"""`evsed signed`: what meters have signed, as a list, or exported for whoever wants to verify it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from evsed.model.transactions import SignedRecord
from evsed.settings import SettingsError, load
from evsed.store.migrations import StoreError
from evsed.store.signed import signed_records


def main(argv: list[str]) -> int:
    """0: done; 1: no such transaction, or it cannot be read or written; 2: a wrong command line; 78: wrong config."""
    parser = argparse.ArgumentParser(prog="evsed signed", description="What meters have signed.")
    commands = parser.add_subparsers(dest="what", required=True, metavar="list | export")
    listing = commands.add_parser("list", help="every record that is kept, the oldest first")
    export = commands.add_parser("export", help="the records of one transaction, byte for byte, one a line")
    export.add_argument("transaction", metavar="TRANSACTION", help="its id, how it begins, or its number in OCPP 1.6")
    export.add_argument("-o", "--output", metavar="FILE", help="write there; without it to standard output")
    export.add_argument("--xml", action="store_true", help="as XML with the public key, for Transparenzsoftware")
    for one in (listing, export):
        one.add_argument("-c", "--config", default="/etc/evsed/evsed.toml", metavar="FILE")
    given = parser.parse_args(argv)
    try:
        records, numbers = signed_records(load(given.config).station.state)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 78
    except StoreError as error:
        print(f"evsed signed: {error}", file=sys.stderr)
        return 1
    if given.what == "list":
        for record in records:
            print(_row(record, numbers))
        return 0
    return _export(records, numbers, given.transaction, given.xml, given.output)


def _row(record: SignedRecord, numbers: dict[str, int | None]) -> str:
    at = (
        "unknown time"
        if record.at.utc is None
        else datetime.fromtimestamp(record.at.utc, UTC).isoformat("T", "seconds")
    )
    number = None if record.transaction is None else numbers.get(record.transaction)
    known = "" if number is None else f" ({number})"
    wh = "" if record.record.wh is None else f"{record.record.wh / 1000:.3f} kWh"
    both = "begin and end" if record.record.whole else record.context.name.lower()
    return f"{at:25}  EVSE {record.evse}  {both:13}  {wh:>15}  {record.transaction or 'no transaction'}{known}"


def _export(
    records: Sequence[SignedRecord], numbers: dict[str, int | None], wanted: str, xml: bool, output: str | None
) -> int:
    known = dict.fromkeys(record.transaction for record in records if record.transaction)
    found = [name for name in known if name.startswith(wanted.lower()) or str(numbers.get(name)) == wanted]
    if len(found) != 1:
        what = "no signed record of" if not found else "more than one transaction is"
        print(f'evsed signed: {what} "{wanted}". `evsed signed list` shows them all.', file=sys.stderr)
        return 1
    meant = [record for record in records if record.transaction == found[0]]
    text = as_xml(meant) if xml else "".join(f"{record.record.data}\n" for record in meant)
    if output is None:
        sys.stdout.write(text)
        return 0
    try:
        Path(output).write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        print(f"evsed signed: {output}: {error.strerror}. Name a file that can be written.", file=sys.stderr)
        return 1
    print(f"{output}: {len(meant)} signed record(s) of transaction {found[0]}")
    return 0


def as_xml(records: Sequence[SignedRecord]) -> str:
    """The container that S.A.F.E.'s Transparenzsoftware reads: records of one number belong together."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<values>"]
    for record in records:
        its = record.record
        lines += [
            f'  <value transactionId="1" context={quoteattr(record.context.value)}>',
            f'    <signedData format={quoteattr(its.encoding)} encoding="plain">{escape(its.data)}</signedData>',
            f'    <publicKey encoding="plain">{escape(its.public_key)}</publicKey>',
            "  </value>",
        ]
    return "\n".join([*lines, "</values>", ""])
