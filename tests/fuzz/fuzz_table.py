"""Every parser of what comes from outside, and the modules that have nothing to parse."""

from __future__ import annotations

from fuzz_boards import BOARDS
from fuzz_buses import BUSES
from fuzz_evsed import EVSED
from fuzz_meters import METERS
from fuzz_pilots import PILOTS
from fuzz_readers import READERS

TARGETS = (*BUSES, *READERS, *METERS, *BOARDS, *PILOTS, *EVSED)

# Modules of the drivers that are no target's, and why.
_DECLARES = "declares and passes on"
_CALLS = "calls the kernel or a library; what it brings is another module's to read"
_WAITS = "waits, and asks again; what was said is another module's to read"
_DESK = "the simulation's own wires, between processes of evsed"
NOTHING = {
    "evse_drivers.api": _DECLARES,
    "evse_drivers.options": _DECLARES,
    "evse_drivers.registry": _DECLARES,
    "evse_drivers.boards.on_modbus": _WAITS,
    "evse_drivers.boards.polled": _WAITS,
    "evse_drivers.buses.desk": _DESK,
    "evse_drivers.buses.i2c": _CALLS,
    "evse_drivers.buses.modbus": _DECLARES,
    "evse_drivers.buses.modbus_line": _WAITS,
    "evse_drivers.buses.modbus_on_line": _DECLARES,
    "evse_drivers.buses.modbus_serial": _CALLS,
    "evse_drivers.buses.modbus_tcp": _CALLS,
    "evse_drivers.buses.needed": _DECLARES,
    "evse_drivers.buses.rapi": _DECLARES,
    "evse_drivers.buses.rapi_line": _WAITS,
    "evse_drivers.byte_stream": _CALLS,
    "evse_drivers.gpio": _CALLS,
    "evse_drivers.inputs.desk": _DESK,
    "evse_drivers.inputs.gpio": _CALLS,
    "evse_drivers.meters.modbus_map": _DECLARES,
    "evse_drivers.pilots.desk": _DESK,
    "evse_drivers.pilots.kernel": _CALLS,
    "evse_drivers.pilots.lines": _DECLARES,
    "evse_drivers.pilots.min_max": "arithmetic on what pilots.iio has read",
    "evse_drivers.pilots.peak_detector": "arithmetic on what pilots.ads1x15 and pilots.iio have read",
    "evse_drivers.pilots.pwm_line": _DECLARES,
    "evse_drivers.ports": _CALLS,
    "evse_drivers.rcds.desk": _DESK,
    "evse_drivers.rcds.gpio": _CALLS,
    "evse_drivers.readers.asked": _DECLARES,
    "evse_drivers.readers.input_devices": _CALLS,
    "evse_drivers.readers.input_source": _CALLS,
    "evse_drivers.readers.listening": _WAITS,
    "evse_drivers.readers.mfrc522": _DECLARES,
    "evse_drivers.readers.pn532": _DECLARES,
    "evse_drivers.readers.pn532_chip": _WAITS,
    "evse_drivers.readers.pn532_i2c": _WAITS,
    "evse_drivers.readers.pn532_uart": _WAITS,
    "evse_drivers.readers.rdm6300": _DECLARES,
    "evse_drivers.readers.speaking": _DECLARES,
    "evse_drivers.readers.usb_hid": _DECLARES,
    "evse_drivers.readers.watch": _WAITS,
    "evse_drivers.readers.wiegand": _DECLARES,
    "evse_drivers.serial_port": _CALLS,
    "evse_drivers.spi": _CALLS,
    "evse_drivers.switches.desk": _DESK,
    "evse_drivers.switches.gpio": _CALLS,
    "evse_drivers.switches.gpio_lock": _CALLS,
}
