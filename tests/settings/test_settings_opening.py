"""Several pilot lines share one loop: what they take together must still let every contactor open in time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from evsed.settings import Settings
from evsed.settings.opening import timing

Reads = Callable[[str], Settings]
Refuses = Callable[[str], list[str]]

ADAPTER = """
[station]
max_current = 32
[bus.adc]
driver = "i2c"
"""
OUTLET = """
[evse.{0}]
failsafe_current = 0
[evse.{0}.pilot]
driver = "peak-detector"
adc = "{1}"
bus = "adc"
address = 0x4{0}
pwm_pin = 1{2}
high_scale = 7.5
high_offset = 1.65
low_scale = 7.5
low_offset = 1.65
reset_pin = 2{0}
{3}
[evse.{0}.contactor]
driver = "gpio"
pin = {5}
release_ms = {4}
"""
NO_PIN = "pwm_pin = 0 means no pin of a Pi's header: name pwm_device and pwm_channel then."
TWICE = "pwm_channel goes with pwm_pin on a Pi's header: set pwm_pin = 0, or leave it out."
SHARED = "channel_high, channel_low and channel_proximity must be inputs of their own."
FAST = "i2c_hertz = 400000"


def outlets(*lines: tuple[str, str], release_ms: float = 20.0) -> str:
    """A file with an outlet for each (adc, more options of its line)."""
    rows = enumerate(lines, start=1)
    return ADAPTER + "".join(OUTLET.format(n, adc, n + 1, more, release_ms, n + 4) for n, (adc, more) in rows)


def test_one_line_with_an_ads1115_fits_at_the_clock_that_a_pi_has(reads: Reads) -> None:
    settings = reads(outlets(("ads1115", "")))
    assert timing(settings.evses[0].pilot) == (7.7, 20.0)  # type: ignore[arg-type]


def test_two_lines_with_an_ads1115_do_not_and_both_are_named(refuses: Refuses) -> None:
    why = (
        "opens within 114.6 ms only, IEC 61851-1 wants 100: sampling 15.4 (evse.1.pilot 7.7, evse.2.pilot 7.7), "
        "debounce 49.2, which is 3 loops of 16.4, scheduling 30, contactor 20 ms. Use a faster line or contactor."
    )
    lines = refuses(outlets(("ads1115", ""), ("ads1115", "")))
    assert [line[5:] for line in lines] == [f'evse.{n}.pilot.driver = "peak-detector"  {why}' for n in (1, 2)]


def test_two_fast_ones_do(reads: Reads) -> None:
    assert not [w for w in reads(outlets(("ads1015", FAST), ("ads1015", FAST))).warnings if "loop" in w.text]


def test_lines_that_slow_the_loop_down_are_a_warning_while_they_open_in_time(reads: Reads) -> None:
    warnings = reads(outlets(("ads1115", FAST), ("ads1115", FAST))).warnings
    assert [w.text for w in warnings if "loop" in w.text] == [
        "and the other lines take 11.38 ms for a look, more than the 10 ms of a loop, which turns every 12.38 ms then. "
        "It opens in time still; faster lines are better."
    ]


def test_a_contactor_that_is_slow_by_its_own_option_counts(refuses: Refuses) -> None:
    lines = refuses(outlets(("ads1115", ""), release_ms=33.0))
    assert len(lines) == 1
    assert "opens within 100.7 ms only" in lines[0]
    assert "sampling 7.7, debounce 30, scheduling 30, contactor 33 ms." in lines[0]


def test_one_adapter_is_one_bus_in_a_process(refuses: Refuses) -> None:
    text = outlets(("ads1015", FAST), ("ads1015", FAST)).replace('bus = "adc"', 'bus = "two"', 1)
    assert [line[5:] for line in refuses(text + '[bus.two]\ndriver = "i2c"\nadapter = "/dev/i2c-1"')] == [
        'bus.two.adapter = "/dev/i2c-1"  bus.adc is this adapter already. Put the devices of both on one.'
    ]


def test_an_adapter_that_both_processes_use_is_a_warning(reads: Reads) -> None:
    more = '[bus.cards]\ndriver = "i2c"\n[reader.front]\ndriver = "pn532-i2c"\nbus = "cards"\n'
    warnings = reads(outlets(("ads1115", "")) + more).warnings
    assert [w.text for w in warnings if "adapter" in w.text] == [
        "is bus.adc too, and one of the two is the pilot process's: a device that stretches the clock, as a PN532 "
        "does, keeps the pilot waiting, and its contactor opens. Use another adapter for one of them (on a Pi "
        "dtoverlay=i2c-gpio makes one)."
    ]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('bus = "adc"', "", 'adc = "ads1115" hangs on an I2C bus: name the bus, and no iio_device.'),
        ('"ads1115"', '"iio"', 'adc = "iio" is a converter of the kernel: name iio_device, and no bus.'),
        ("pwm_pin = 12", "pwm_pin = 0", NO_PIN),
        ("pwm_pin = 12", "pwm_channel = 1", TWICE),
        ("pwm_pin = 12", "channel_low = 0", SHARED),
        ("pwm_pin = 12", "channel_low = 5", "the inputs of an ADS1115 are 0 to 3, not 5."),
        ("high_scale = 7.5", "high_scale = 0", "high_scale and low_scale must not be 0: no voltage would be seen."),
    ],
)  # fmt: skip
def test_options_that_do_not_go_together_are_told(refuses: Refuses, old: str, new: str, why: str) -> None:
    lines = refuses(outlets(("ads1115", "")).replace(old, new, 1))
    assert len(lines) == 1
    assert lines[0].endswith(f"evse.1.pilot  {why}")


READING = """
[station]
max_current = 32
[evse.1.pilot]
driver = "min-max"
iio_device = "mcp3208"
scale = 7.5
offset = 1.65
samples = {0}
[evse.1.contactor]
driver = "gpio"
pin = 5
"""


def test_a_line_that_reads_all_the_time_is_refused_before_the_kernel_stops_the_loop_for_it(
    reads: Reads, refuses: Refuses
) -> None:
    reads(READING.format(200))
    assert [line[5:] for line in refuses(READING.format(220))] == [
        'evse.1.pilot.driver = "min-max"  keeps the processor busy for 9.42 ms of each 10: above 9 the kernel stops '
        "the loop for 50 ms in each second (sched_rt_runtime_us), and every contactor opens. Set `samples` lower, or "
        "use peak detectors."
    ]


def test_a_converter_of_the_kernel_needs_no_bus(reads: Reads) -> None:
    text = outlets(("iio", 'iio_device = "ads1115"')).replace('bus = "adc"\n', "")
    assert reads(text).evses[0].pilot.bus is None  # type: ignore[union-attr]
