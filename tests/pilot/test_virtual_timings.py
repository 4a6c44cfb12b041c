"""What a bench cannot wait for is measured on virtual time, within the limits of the bench's own table."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from evse_hil.timings_rows import ROWS

VIRTUAL = {name: row for name, row in ROWS.items() if row.virtual}


def test_every_row_of_virtual_time_is_measured_and_kept():
    script = Path(__file__).with_name("virtual_timings.py")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    measured = json.loads(done.stdout)
    assert set(measured) == set(VIRTUAL)
    for name, samples in measured.items():
        figure = VIRTUAL[name].figure(samples)
        assert figure.good, figure.verdict()
