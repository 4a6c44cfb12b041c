"""The module RPi.GPIO 0.7.1 for tests: its rules and error texts, over pins that are files.

Its calls, the order of its checks and its texts are those of the library (py_gpio.c, c_gpio.c, common.c); nothing here
is shared with the driver. The pins live in the folder that the environment's FAKE_PINS names, and outlive the process
as real ones do: see tests/drivers/pins.py, which makes that folder and looks at it.
"""

import os
import time
import warnings

FOLDER = os.environ["FAKE_PINS"]
BOARD, BCM = 10, 11
OUT, IN = 0, 1
LOW, HIGH = 0, 1
PUD_OFF, PUD_DOWN, PUD_UP = 20, 21, 22
PULLED = {PUD_OFF: "0", PUD_DOWN: "0", PUD_UP: "1"}  # what a pin reads that nothing drives; off: floats, say 0
VERSION = "0.7.1"

_files = {name: os.open(os.path.join(FOLDER, name), os.O_RDWR) for name in ("outside", "function", "latch", "pull")}
_log = os.open(os.path.join(FOLDER, "writes"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
_mode = None
_warnings = True
_set_up = {}  # by this process


def _row(name, pin):
    return os.pread(_files[name], 1, pin).decode()


def _keep(name, pin, value):
    os.pwrite(_files[name], value.encode(), pin)


def _say(point):
    """Fails here, where the test has left a file that says how."""
    try:
        with open(os.path.join(FOLDER, f"{point} says")) as file:
            kind, _, text = file.read().partition(": ")
    except FileNotFoundError:
        return
    raise {"RuntimeError": RuntimeError, "ValueError": ValueError, "OSError": OSError}[kind](text)


_say("import")


def setmode(mode):
    global _mode
    _say("setmode")
    if _mode is not None and mode != _mode:
        raise ValueError("A different mode has already been set!")
    if mode not in (BOARD, BCM):
        raise ValueError("An invalid mode was passed to setmode()")
    _mode = mode


def getmode():
    return _mode


def setwarnings(on):
    global _warnings
    _warnings = bool(on)


def _checked(channel):
    if type(channel) is not int:
        raise ValueError("Channel must be an integer or list/tuple of integers")
    if _mode is None:
        raise RuntimeError("Please set pin numbering mode using GPIO.setmode(GPIO.BOARD) or GPIO.setmode(GPIO.BCM)")
    if _mode != BCM or not 0 <= channel <= 53:
        raise ValueError("The channel sent is invalid on a Raspberry Pi")
    return channel


def setup(channel, direction, pull_up_down=PUD_OFF, initial=-1):
    _say("setup")
    if direction not in (IN, OUT):
        raise ValueError("An invalid direction was passed to setup()")
    if direction == IN and initial != -1:
        raise ValueError("initial parameter is not valid for inputs")
    if direction == OUT and pull_up_down != PUD_OFF:
        raise ValueError("pull_up_down parameter is not valid for outputs")
    if pull_up_down not in PULLED:
        raise ValueError("Invalid value for pull_up_down - should be either PUD_OFF, PUD_UP or PUD_DOWN")
    pin = _checked(channel)
    if _warnings and _row("function", pin) == "o" and pin not in _set_up:
        warnings.warn(
            "This channel is already in use, continuing anyway.  Use GPIO.setwarnings(False) to disable warnings.",
            RuntimeWarning,
            stacklevel=2,
        )
    kept = _set_up.get(pin) == OUT and os.path.exists(os.path.join(FOLDER, "as lgpio"))
    if direction == OUT and initial in (LOW, HIGH) and not kept:
        _keep("latch", pin, str(int(initial)))  # before the direction: that is why there is no blip
    _keep("function", pin, "o" if direction == OUT else "i")
    _keep("pull", pin, PULLED[pull_up_down])
    _set_up[pin] = direction
    _note(pin, f"out {_row('latch', pin)}" if direction == OUT else f"in {PULLED[pull_up_down]}")


def output(channel, value):
    _say("output")
    pin = _checked(channel)
    if not isinstance(value, int):
        raise ValueError("Value must be an integer/boolean or a list/tuple of integers/booleans")
    if _set_up.get(pin) != OUT:
        raise RuntimeError("The GPIO channel has not been set up as an OUTPUT")
    _keep("latch", pin, "1" if value else "0")
    _note(pin, f"set {1 if value else 0}")


def input(channel):
    _say("input")
    pin = _checked(channel)
    if pin not in _set_up:
        raise RuntimeError("You must setup() the GPIO channel first")
    if _row("function", pin) == "o":
        return int(_row("latch", pin))
    outside = _row("outside", pin)
    return int(_row("pull", pin) if outside == "." else outside)


def gpio_function(channel):
    return OUT if _row("function", _checked(channel)) == "o" else IN


def _note(pin, what):
    os.write(_log, f"{time.monotonic():.4f} {pin} {what}\n".encode())
