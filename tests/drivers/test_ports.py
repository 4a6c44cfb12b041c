"""Why a serial port cannot be opened, whole texts."""

from __future__ import annotations

import grp
import os
import pwd
import subprocess
import sys
import termios
from pathlib import Path

import pytest
import serial
from evse_drivers import ports
from evse_drivers.api import DriverError
from serial_peers import Pty

WHICH = 'Name the right port: "ls -l /dev/serial/by-id" shows the adapters there are.'


def told(port: str) -> str:
    with pytest.raises(DriverError) as caught:
        ports.check(port, "bus.rs485")
    return str(caught.value)


def test_a_good_port_is_silently_right_and_left_free() -> None:
    pty = Pty()
    ports.check(pty.path, "bus.rs485")
    serial.Serial(pty.path, exclusive=True).close()
    pty.close()


def test_a_missing_port_is_told() -> None:
    assert told("/dev/ttyUSB77") == (
        f"bus.rs485: there is no serial port /dev/ttyUSB77. Plug the adapter in or enable the port. {WHICH}"
    )


def test_a_file_that_is_no_port_is_told(tmp_path: Path) -> None:
    (tmp_path / "port").write_text("")
    assert told(f"{tmp_path}/port") == f"bus.rs485: {tmp_path}/port is not a serial port. {WHICH}"
    assert told(str(tmp_path)) == f"bus.rs485: {tmp_path} cannot be opened: Is a directory. {WHICH}"


def test_a_port_held_by_another_is_told_with_its_holder() -> None:
    pty = Pty()
    held = serial.Serial(pty.path, exclusive=True)
    name = Path("/proc/self/comm").read_text().strip()
    assert told(pty.path) == (
        f"bus.rs485: {pty.path} is held by process {os.getpid()} ({name}). One line has one owner: stop that program, "
        "or give one of the two another port."
    )
    held.close()
    pty.close()


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to become somebody else")
def test_a_port_of_others_is_told_with_its_group() -> None:
    pty = Pty()
    os.chmod(pty.path, 0o660)
    os.chown(pty.path, 0, grp.getgrnam("dialout").gr_gid)
    nobody = pwd.getpwnam("nobody").pw_uid
    code = (
        "import grp, os, sys; sys.path.insert(0, 'drivers')\n"
        "from evse_drivers import ports\n"
        "from evse_drivers.api import DriverError\n"
        f"os.setgroups([]); os.setgid({nobody}); os.setuid({nobody})\n"
        f"try: ports.check({pty.path!r}, 'bus.rs485')\n"
        "except DriverError as error: print(error)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == (
        f"bus.rs485: this user may not open {pty.path}. Add the user to its group (dialout) and start evsed again."
    )
    pty.close()


def test_what_only_the_opening_finds_wrong_is_told_in_its_words() -> None:
    pty = Pty()
    assert str(ports.trouble(pty.path, "bus.rs485", ValueError("not a valid baudrate: 7"))) == (
        f"bus.rs485: {pty.path} cannot be opened: not a valid baudrate: 7. "
        "Check its speed and parity against the adapter's."
    )
    pty.close()


def test_a_port_that_refuses_its_parity_is_not_said_to_be_held_by_ourselves() -> None:
    """The opened port and its lock live on in the frames of the error that the kernel's refusal raised."""
    pty = Pty()
    left_open = serial.Serial(pty.path, exclusive=True)
    refused = termios.error(22, "Invalid argument")
    assert str(ports.trouble(pty.path, "bus.rs485", refused)) == (
        f"bus.rs485: {pty.path} cannot be opened: Invalid argument. Check its speed and parity against the adapter's."
    )
    left_open.close()
    pty.close()


def test_a_port_that_another_took_in_the_meantime_is_told_with_its_holder() -> None:
    pty = Pty()
    code = f"import fcntl, sys; port = open({pty.path!r}, 'rb', 0); fcntl.flock(port, fcntl.LOCK_EX); print(); input()"
    with subprocess.Popen([sys.executable, "-uc", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        name = Path(f"/proc/{other.pid}/comm").read_text().strip()
        assert str(ports.trouble(pty.path, "bus.rs485", OSError(11, "Try again"))) == (
            f"bus.rs485: {pty.path} is held by process {other.pid} ({name}). One line has one owner: stop that "
            "program, or give one of the two another port."
        )
        other.communicate(b"\n")
    pty.close()
