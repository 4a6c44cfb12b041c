"""What the pilot says when the machine does not give it what it asks for: a disk, a priority, memory that stays."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Everything is imported before the user changes: nobody may not be able to read this folder.
AS_NOBODY = """
import os, resource
from evsed.pilot import realtime
resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))
resource.setrlimit(resource.RLIMIT_MEMLOCK, (65536, 65536))
if os.geteuid() == 0:
    os.setuid(65534)
print(realtime.fifo(50))
print(realtime.lock_memory())
"""


def test_a_machine_that_gives_no_priority_and_no_memory_is_told_how_it_would() -> None:
    environ = {**os.environ, "PYTHONPATH": f"{ROOT}/firmware:{ROOT}/drivers"}
    done = subprocess.run([sys.executable, "-c", AS_NOBODY], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "no real-time priority (Operation not permitted): the loop may be late under load. LimitRTPRIO=60 allows it.",
        "memory is not locked (limit 64 KiB): swapping may delay it. LimitMEMLOCK=infinity allows it.",
    ]
