"""What a pilot line says when its converter, its bus or its file does not do what it should."""

from __future__ import annotations

import errno
import os
import re
from itertools import product
from typing import Any

import pytest
from evse_drivers.api import DriverError
from evse_drivers.pilots import peak_detector
from evse_drivers.pilots.ads1x15 import CALL, conversion_ms, read_ms, write_ms
from evse_drivers.pilots.min_max import MinMax
from evse_drivers.pilots.peak_detector import PeakDetector
from evsed.pilot.guard import LATEST
from pilot_lines import RESET, Bench, extremes, peaks
from pins import Pins

IIO = "/sys/bus/iio/devices"


def trouble(bench: Bench) -> str:
    with pytest.raises(DriverError) as caught:
        bench.look()
    return str(caught.value)


def refused(kind: Any, *arguments: Any, **options: Any) -> str:
    with pytest.raises(DriverError) as caught:
        kind(*arguments, **options)
    return str(caught.value)


# --- ADS1115 ----------------------------------------------------------------------------------------------------------


def test_a_bus_that_fails_is_told_and_the_next_look_works_again(pins: Pins) -> None:
    bench = peaks(pins)
    bench.ads.dead = "bus.i2c: no device answers at 0x48 on /dev/i2c-1."
    assert trouble(bench) == bench.ads.dead
    bench.ads.dead = None
    assert bench.look().high == pytest.approx(12.0, abs=0.1)


def test_a_bus_that_fails_during_the_reset_does_not_leave_the_detectors_held(pins: Pins) -> None:
    bench = peaks(pins, channel_proximity=2)
    for after in range(8):
        bench.line._proximity_at = 0.0
        calls = iter(range(100))
        write, transfer = bench.ads.write, bench.ads.transfer

        def failing(call: Any, calls: Any = calls, after: int = after) -> Any:
            def call_or_fail(*arguments: Any) -> Any:
                if next(calls) == after:
                    raise DriverError("bus.i2c: /dev/i2c-1 hangs.")
                return call(*arguments)

            return call_or_fail

        bench.ads.write, bench.ads.transfer = failing(write), failing(transfer)
        assert trouble(bench) == "bus.i2c: /dev/i2c-1 hangs."
        bench.ads.write, bench.ads.transfer = write, transfer
        assert pins.level(RESET) == 0
        assert bench.look().high == pytest.approx(12.0, abs=0.1)


def test_a_conversion_that_is_not_over_is_never_another_channels_voltage(pins: Pins) -> None:
    bench = peaks(pins)
    bench.line.drive(0.5)
    bench.ads.slow = 3.0
    assert trouble(bench) == (
        "evse.1.pilot: the ADS1115 at 0x48 is not ready with input 0 after 1.31 ms. Is it the model that `adc` names?"
    )


def test_the_wrong_model_is_told_at_the_start(pins: Pins) -> None:
    bench = peaks(pins, "ads1115")
    bench.line.close()
    assert refused(peaks, pins, "ads1015", bench=bench) == (
        "evse.1.pilot: the ADS1015 at 0x48 is not ready with input 0 after 0.36 ms. Is it the model that `adc` names?"
    )


def test_a_converter_that_lost_its_supply_for_a_moment_is_told(pins: Pins) -> None:
    bench = peaks(pins)
    transfer = bench.ads.transfer

    def browned(*arguments: Any) -> bytes:
        bench.ads.brown_out()
        bench.ads.transfer = transfer
        return transfer(*arguments)  # type: ignore[no-any-return]

    bench.ads.transfer = browned
    assert trouble(bench) == (
        "evse.1.pilot: the ADS1115 at 0x48 is set to 0x8583 and not to 0xC3E3, as it was told. Its supply breaks down, "
        "another program uses it, or it is another chip."
    )
    assert bench.look().high == pytest.approx(12.0, abs=0.1)


@pytest.mark.parametrize("answer", [b"\xff\xff", b"\x00\x00", b"\x85\x83"])
def test_whatever_the_configuration_reads_is_a_driver_error(pins: Pins, answer: bytes) -> None:
    bench = peaks(pins)
    bench.ads.transfer = lambda *arguments: answer
    assert trouble(bench).startswith("evse.1.pilot: the ADS1115 at 0x48 is ")


def test_an_input_at_the_rail_is_told_as_it_is(pins: Pins) -> None:
    bench = peaks(pins, full_scale=2.048)
    assert bench.look().high == pytest.approx((2.048 - 1.65) * 7.5, abs=0.01)
    bench.ads.inputs[0] = lambda: -9.0
    assert bench.look().high == pytest.approx((-0.3 - 1.65) * 7.5, abs=0.01)


def test_a_bus_that_is_slower_than_declared_is_refused(pins: Pins) -> None:
    bench = peaks(pins)
    bench.line.close()
    bench.ads.told = 100_000
    assert refused(peaks, pins, hertz=400_000, bench=bench) == (
        "evse.1.pilot: the I2C bus runs at 100000 Hz and not at i2c_hertz = 400000. Set "
        "dtparam=i2c_arm_baudrate=400000 in /boot/firmware/config.txt, or correct i2c_hertz."
    )
    bench.ads.told, bench.ads.speed = None, 50_000
    assert refused(peaks, pins, bench=bench) == (
        "evse.1.pilot: one look at the pilot takes 9.2 ms here and not 7.7 ms, with which the time to open was "
        "checked. Raise the bus's clock, take a faster converter, or declare what it needs."
    )


def test_a_bus_that_hangs_is_given_up_before_the_guard_opens_every_contactor(pins: Pins) -> None:
    assert peaks(pins).ads.limited / 1000 < LATEST / 2


def test_detectors_that_were_just_reset_are_waited_for(pins: Pins) -> None:
    bench = peaks(pins)
    bench.line.drive(0.1)
    bench.circuit.vehicle = "C"
    bench.look()
    for _ in range(20):  # a loop that has no rest
        assert bench.line.sense().high == pytest.approx(6.0, abs=0.3)


@pytest.mark.parametrize(("options", "declared"), [({}, 7.7), ({"settle_ms": 5.0}, 12.7), ({"reset_pin": -1}, 6.1)])
def test_waiting_for_the_detectors_is_part_of_the_time_that_is_declared(
    pins: Pins, options: dict[str, Any], declared: float
) -> None:
    bench = peaks(pins, **options)
    assert bench.line.sample_ms == declared
    took = []
    for _ in range(5):
        began = bench.clock()
        bench.line.sense()
        took.append((bench.clock() - began) * 1000)
        bench.idle(max(bench.clock() - began, 0.0))
    assert 0.8 * declared < max(took[1:]) <= declared


def test_the_table_of_times_is_what_is_declared() -> None:
    rows = re.findall(r"^    (.+?) {2,}(\d.+)$", peak_detector.__doc__ or "", re.MULTILINE)
    table = {name: [float(number) for number in numbers.split()] for name, numbers in rows if "kHz" not in numbers}
    kinds = [(adc, hertz) for adc in ("ads1115", "ads1015") for hertz in (100_000, 400_000)]
    channel = [write_ms(hertz) + conversion_ms(adc) + CALL + read_ms(hertz) for adc, hertz in kinds]
    assert table["a channel: begin, convert, read"] == [round(ms, 2) for ms in channel]
    assert table["two of them"] == [round(2 * ms, 2) for ms in channel]

    def look(adc: str, hertz: int, **more: Any) -> float:
        options = {"bus": "i2c", "high_scale": 7.5, "high_offset": 1.65, "low_scale": 7.5, "low_offset": 1.65} | more
        return PeakDetector.timing(PeakDetector.Settings(adc=adc, i2c_hertz=hertz, reset_pin=25, **options))[0]

    assert table["a look"] == [look(*kind) for kind in kinds]
    assert table["... with the proximity contact"] == [look(*kind, channel_proximity=2) for kind in kinds]


# --- IIO --------------------------------------------------------------------------------------------------------------


def test_a_converter_that_is_not_there_is_told_with_those_that_are(pins: Pins) -> None:
    assert refused(extremes, iio_device="mcp3008") == (
        f'evse.1.pilot: there is no device "mcp3008" in {IIO}, only: mcp3208 (iio:device1). Check iio_device and the '
        "converter's dtoverlay in /boot/firmware/config.txt."
    )
    assert refused(extremes, channel=5) == (
        f"evse.1.pilot: there is no {IIO}/iio:device1/in_voltage5_raw; the device has in_voltage0_raw, "
        "in_voltage1_raw. Check the channel's number."
    )


def test_of_two_alike_the_folder_is_to_be_named(pins: Pins) -> None:
    bench = Bench()
    bench.kernel.converter(0, "mcp3208", 0.8, v0=lambda: 0.0)
    assert refused(extremes, bench) == (
        f'evse.1.pilot: 2 devices are named "mcp3208" in {IIO}: mcp3208 (iio:device0), mcp3208 (iio:device1). Name the '
        "folder."
    )
    bench = Bench()
    bench.kernel.converter(0, "mcp3208", 0.8, v0=lambda: 0.0)
    assert extremes(bench, iio_device="iio:device1").look().high == pytest.approx(12.0, abs=0.1)


def test_a_device_without_a_scale_is_told(pins: Pins) -> None:
    bench = Bench()
    texts = bench.kernel.texts
    converter = bench.kernel.converter

    def without(*arguments: Any, **inputs: Any) -> str:
        folder = converter(*arguments, **inputs)
        del texts[f"{folder}/in_voltage_scale"]
        return folder

    bench.kernel.converter = without  # type: ignore[method-assign]
    assert refused(extremes, bench) == (
        f"evse.1.pilot: {IIO}/iio:device1 has no scale for channel 0: the kernel does not know its reference voltage. "
        "Give its dtoverlay one (vref-supply)."
    )


def test_a_reading_that_fails_is_told(pins: Pins) -> None:
    bench = extremes()

    def broken() -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    bench.kernel.analog[f"{IIO}/iio:device1/in_voltage0_raw"] = broken
    assert trouble(bench) == (
        f"evse.1.pilot: channel 0 of {IIO}/iio:device1 cannot be read: Input/output error. Check the converter's "
        "supply and its wires."
    )


def test_an_offset_that_the_kernel_names_counts(pins: Pins) -> None:
    bench = Bench()
    bench.kernel.texts[f"{IIO}/iio:device1/in_voltage_offset"] = "100\n"
    extremes(bench)
    assert bench.look().high == pytest.approx(12.0 + 100 * 3.3 / 4096 * 7.5, abs=0.02)


@pytest.mark.parametrize(
    ("rates", "fastest"), [("8 16 128 860 475", "860"), ("[8 1 860]", "860"), ("3300.5 128", "3300.5")]
)
def test_a_converter_is_set_to_its_fastest_rate(pins: Pins, rates: str, fastest: str) -> None:
    bench = Bench()
    folder = f"{IIO}/iio:device0"
    files = [f"{folder}/in_voltage{channel}_sampling_frequency" for channel in range(2)]
    bench.kernel.texts |= {f"{folder}/sampling_frequency_available": rates, **dict.fromkeys(files, "128")}
    peaks(pins, "iio", bench=bench)
    assert [bench.kernel.texts[file] for file in files] == [fastest, fastest]


NUMBERS = ("sampling_frequency_available", "in_voltage_scale", "in_voltage_offset")
SPOILT = [(name, text) for name in NUMBERS for text in ("", "fast", "\x00\xff")]


@pytest.mark.parametrize(("name", "text"), [*SPOILT, *product(NUMBERS[1:], ("nan", "-inf", "1e300"))])
def test_files_without_numbers_are_told(pins: Pins, name: str, text: str) -> None:
    bench, folder = Bench(), f"{IIO}/iio:device0"
    make, texts = bench.kernel.converter, bench.kernel.texts

    def spoilt(*arguments: Any, **inputs: Any) -> None:
        make(*arguments, **inputs)
        texts.update({f"{folder}/sampling_frequency_available": "8", f"{folder}/in_voltage0_sampling_frequency": "8"})
        texts[f"{folder}/{name}"] = text

    bench.kernel.converter = spoilt  # type: ignore[assignment,method-assign]
    assert refused(peaks, pins, "iio", bench=bench).startswith(f"evse.1.pilot: {folder}/{name} holds {text!r}")


# --- many readings ----------------------------------------------------------------------------------------------------


def test_readings_that_take_longer_than_declared_are_refused_with_what_would_do(pins: Pins) -> None:
    bench = Bench()
    bench.kernel.reading = 0.000063
    assert refused(extremes, bench) == (
        "evse.1.pilot: one look at the pilot takes 12.9 ms here and not 8.6 ms, with which the time to open was "
        "checked. Set sample_us = 65 and samples = 127, or raise the converter's SPI clock."
    )
    extremes(bench, sample_us=65.0, samples=127).line.close()
    bench.kernel.reading = 0.000095
    assert refused(extremes, bench).endswith(
        "A reading takes 97 us: the high part of a small offer could fall between two of them. Raise the converter's "
        "SPI clock, or take another converter."
    )


def test_readings_that_are_over_before_one_period_are_refused(pins: Pins) -> None:
    bench = Bench()
    bench.kernel.reading = 0.000003
    assert refused(extremes, bench, samples=100).endswith(
        "ms, less than one period of the pilot's 1 kHz, and may have missed its peaks. Set `samples` higher."
    )


@pytest.mark.parametrize("reading_us", [10, 20, 25, 31.25, 40, 50, 62.5])
def test_no_rhythm_of_readings_misses_the_high_part_of_the_least_offer(pins: Pins, reading_us: float) -> None:
    bench = Bench()
    bench.kernel.reading = reading_us / 1e6
    extremes(bench, sample_us=reading_us + 2, samples=200)
    bench.line.drive(0.1)
    bench.circuit.vehicle = "C"
    for _ in range(50):
        bench.clock.pass_by(0.000013)
        assert bench.look().high == pytest.approx(6.0, abs=0.3)


def test_a_converter_behind_an_inverting_amplifier(pins: Pins) -> None:
    bench = extremes(offset=1.65, scale=-7.5)
    bench.line.drive(0.5)
    bench.circuit.vehicle = "C"
    sense = bench.look()
    assert (sense.high, sense.low) == (pytest.approx(12.0, abs=0.1), pytest.approx(-6.0, abs=0.3))


def test_what_a_line_occupies_is_declared() -> None:
    options = {"bus": "i2c", "high_scale": 7.5, "high_offset": 1.65, "low_scale": 7.5, "low_offset": 1.65}
    settings = PeakDetector.Settings(adc="ads1115", reset_pin=25, channel_proximity=2, **options)
    place = "I2C i2c 0x48 channel"
    assert PeakDetector.claims(settings) == ("GPIO 18", "GPIO 25", f"{place} 0", f"{place} 1", f"{place} 2")
    fast = MinMax.Settings(
        iio_device="mcp3008", scale=7.5, offset=1.65, pwm_pin=0, pwm_device="30660000.pwm", pwm_channel=1
    )
    assert MinMax.claims(fast) == ("PWM 30660000.pwm channel 1", "IIO mcp3008 channel 0")


def test_a_line_on_i2c_needs_its_bus_open() -> None:
    assert refused(type("L", (PeakDetector,), {"kernel": Bench().kernel}), PeakDetector.Settings(
        adc="ads1115", bus="i2c", high_scale=7.5, high_offset=1.65, low_scale=7.5, low_offset=1.65), "evse.1.pilot",
    ) == 'evse.1.pilot: needs an open bus "i2c" of the driver "i2c".'  # fmt: skip
