"""smbus2 itself over an adapter that is laid before the C library: the time limit, and who may run meanwhile."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
STORY = """
import json, sys, threading, time
from evse_drivers.api import DriverError
from evse_drivers.buses.i2c import I2cBus

bus = I2cBus(I2cBus.Settings(sys.argv[1], timeout_ms=200), "bus.i2c")
bus.write(0x48, b"\\x10\\x01\\x02\\x03")
said = {"read": bus.transfer(0x48, b"\\x11", 2).hex(), "limit": bus.transfer(0x48, b"\\xff", 1)[0]}
turns, going = 0, True

def turn():
    global turns
    while going:
        turns += 1
        time.sleep(0.001)

thread = threading.Thread(target=turn)
thread.start()
began, before = time.monotonic(), turns
try:
    bus.read(0x4A, 1)
except DriverError as error:
    said |= {"error": str(error), "took": time.monotonic() - began, "turns": turns - before}
going = False
bus.limit(50)
began = time.monotonic()
try:
    bus.read(0x4A, 1)
except DriverError:
    said["then"] = time.monotonic() - began
thread.join()
print(json.dumps(said))
"""


@pytest.mark.skipif(shutil.which("gcc") is None, reason="the adapter is compiled")
def test_a_device_that_holds_the_clock_is_given_up_in_time_and_the_guard_runs_meanwhile(tmp_path: Path) -> None:
    library, adapter = tmp_path / "adapter.so", tmp_path / "i2c-7"
    adapter.touch()
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, HERE / "i2c_adapter.c", "-ldl"], check=True)
    environ = os.environ | {"LD_PRELOAD": str(library), "I2C_ADAPTER": str(adapter)}
    run = subprocess.run(
        [sys.executable, "-c", STORY, adapter],
        env=environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(run.stdout)
    assert said["read"] == "0203"
    assert said["limit"] == 20, "in 10 ms"
    assert said["error"].startswith(f"bus.i2c: {adapter} hangs (asked for 0x4A, Connection timed out): a device holds")
    assert 0.2 <= said["took"] < 0.4
    assert said["turns"] > 50
    assert 0.05 <= said["then"] < 0.15
