"""The fault catalogue: everything that can be wrong, what it does to a charge, and how each side names it.

One row a fault. The pilot process raises those `by` "pilot" (and opens by itself), the station those `by` "station".
config/FAULTS.md is printed from this table; the dialects, `evsed show` and the desk read it.

MREC is the number of ChargeX's Minimum Required Error Codes (inl.gov/chargex/mrec), told as CX001 to CX026. Components
and variables are the standard ones of the OCPP 2.x device model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Stops = Literal["now", "grace", "no"]
Clears = Literal["acknowledge", "unplug", "itself"]

MREC_VENDOR = "https://chargex.inl.gov"  # the vendorId that goes with a CX code


@dataclass(frozen=True, slots=True)
class Fault:
    """One row of the catalogue."""

    name: str
    by: Literal["pilot", "station"]
    stops: Stops  # open at once; withdraw the offer and let the EV open S2 (6 s at most); "no": a warning
    clears: Clears  # "acknowledge" is latched: it outlives restarts and power cuts until a technician acknowledges
    code_16: str  # OCPP 1.6 ChargePointErrorCode
    mrec: int | None
    component: str  # OCPP 2.x: what NotifyEvent names
    variable: str
    text: str  # what it is, in one sentence
    check: str  # what the technician should look at
    tries: int | None = None  # how often it may come back for one plug until it stays; None: as often as it likes
    station_wide: bool = False  # of the station (evse 0), not of an EVSE

    @property
    def latched(self) -> bool:
        """It outlives a restart."""
        return self.clears == "acknowledge"

    @property
    def warning(self) -> bool:
        """It does not keep the EVSE from charging."""
        return self.stops == "no"

    @property
    def code(self) -> str | None:
        """As StatusNotification and NotifyEvent carry it: "CX014"; None where MREC has no word for it."""
        return None if self.mrec is None else f"CX{self.mrec:03d}"


LOST = "pilot state lost"

# In the order of their weight: where several stand at once, the first is told as the reason.
# fmt: off
_ROWS = (
    Fault("emergency stop", "pilot", "now", "acknowledge", "OtherError", 8, "EmergencyStopSensor", "Active",
          "The emergency stop was pressed.",
          "Find out why it was pressed; release it; acknowledge."),
    Fault("residual current", "pilot", "now", "acknowledge", "GroundFailure", 2, "RCD", "Tripped",
          "The residual-current device has tripped.",
          "Vehicle, cable and wiring for a current to earth, AC or more than 6 mA DC; then acknowledge."),
    Fault("residual-current self-test", "pilot", "now", "acknowledge", "GroundFailure", 2, "RCD", "Problem",
          "The residual-current device did not trip, or did not come back, when it was tested.",
          "Its supply, its test and error wires and their polarity, `module` in the config; then acknowledge."),
    Fault("contactor welded", "pilot", "now", "acknowledge", "PowerSwitchFailure", 17, "PowerContactor", "Problem",
          "The contactor was told to open and its mirror contact says closed: the plug may be live.",
          "Switch the supply off, replace the contactor, check the mirror contact's wiring; then acknowledge."),
    Fault(LOST, "pilot", "now", "acknowledge", "InternalError", None, "Controller", "Problem",
          "The file of the latched faults is unreadable: nobody knows what was wrong before.",
          "Contactor, residual-current device and wiring; the disk; then acknowledge."),
    Fault("thermal switch", "pilot", "now", "itself", "HighTemperature", 3, "TemperatureSensor", "Tripped",
          "The thermal switch has opened: something in the housing is too hot.",
          "Terminals for looseness, the contactor, the fan, the sun."),
    Fault("safety input", "pilot", "now", "itself", "InternalError", None, "Controller", "Problem",
          "Emergency stop, thermal switch or residual-current device cannot be read.",
          "The wire and the driver of the input that the text names."),
    Fault("contactor failed to close", "pilot", "now", "unplug", "PowerSwitchFailure", 17, "PowerContactor", "Problem",
          "The contactor was told to close and its mirror contact says open.",
          "The coil's supply, the residual-current device in the coil's circuit, the mirror contact's wiring."),
    Fault("contactor", "pilot", "now", "itself", "PowerSwitchFailure", 17, "PowerContactor", "Problem",
          "The contactor's driver has trouble.",
          "The wire and the driver that the text names."),
    Fault("phase relay", "pilot", "now", "itself", "PowerSwitchFailure", 17, "AcPhaseSelector", "Problem",
          "The phase relay does not stand where it was told to.",
          "Its coil, its feedback contact and their wiring."),
    Fault("diode", "pilot", "now", "unplug", "OtherError", 14, "CPPWMController", "Problem",
          "The vehicle's pilot diode is missing.",
          "Unplug; try another vehicle: this vehicle or its cable is unsafe."),
    Fault("pilot short", "pilot", "now", "itself", "OtherError", 14, "CPPWMController", "Problem",
          "The control pilot is shorted to PE.",
          "Plug and cable for water and crushed wires."),
    Fault("pilot out of range", "pilot", "now", "itself", "OtherError", 14, "CPPWMController", "Problem",
          "The control pilot stands at a level that no vehicle makes.",
          "The pilot's +12 V and -12 V supply, the cable, the vehicle's pilot resistors."),
    Fault("pilot line", "pilot", "now", "itself", "InternalError", 14, "CPPWMController", "Problem",
          "The pilot line's driver has trouble.",
          "The wire and the driver that the text names."),
    Fault("cable", "pilot", "now", "itself", "OtherError", 23, "Connector", "Problem",
          "The cable's proximity resistor is outside 80 to 2460 ohm.",
          "The plug's proximity contact and its resistor; try another cable."),
    Fault("cable lost", "pilot", "now", "itself", "OtherError", 23, "Connector", "Problem",
          "The proximity resistor was lost while the vehicle is plugged.",
          "The plug's proximity contact, the socket, whether the plug is fully in."),
    Fault("plug lock", "pilot", "now", "unplug", "ConnectorLockFailure", 1, "ConnectorPlugRetentionLock", "Problem",
          "The plug lock did not lock.",
          "Whether the plug is fully in; the lock's motor, feedback and polarity."),
    Fault("heartbeat", "pilot", "now", "itself", "InternalError", None, "Controller", "Problem",
          "The heartbeat of the hardware enable cannot be put out.",
          "The pin and the driver that the text names."),
    Fault("loop stalled", "pilot", "now", "itself", "InternalError", None, "Controller", "Problem",
          "The pilot process was not on time, and opened the contactor.",
          "Other load on the controller, its power supply, real-time permissions (`evsed show`)."),
    Fault("pilot lost", "station", "now", "itself", "InternalError", None, "Controller", "Problem",
          "The pilot process, or the board that drives the pilot, does not answer.",
          "`systemctl status evsed-pilot`, or the board's supply and bus."),
    Fault("PEN", "station", "now", "itself", "GroundFailure", 2, "GroundIsolationProtection", "Tripped",
          "A phase's voltage says that the supply's PEN conductor may be broken.",
          "Do not touch the housing. The supply's neutral and PEN, before anything else.", tries=3),
    Fault("overcurrent", "station", "now", "itself", "OverCurrentFailure", 4, "OverCurrentProtection", "Tripped",
          "The vehicle drew more than it was offered.",
          "The vehicle; whether the meter sees this outlet only.", tries=3),
    Fault("overvoltage", "station", "grace", "itself", "OverVoltage", 5, "ElectricalFeed", "Problem",
          "A phase's voltage is too high.",
          "The supply, its neutral, the meter's wiring."),
    Fault("undervoltage", "station", "grace", "itself", "UnderVoltage", 6, "ElectricalFeed", "Problem",
          "A phase's voltage is too low.",
          "The supply, fuses, loose terminals, the length and cross-section of the feed."),
    Fault("phase lost", "station", "grace", "itself", "OtherError", 15, "ElectricalFeed", "Problem",
          "A phase of the supply is missing.",
          "Fuses and terminals of the feed."),
    Fault("frequency", "station", "grace", "itself", "OtherError", 15, "ElectricalFeed", "Problem",
          "The grid's frequency is outside what may be charged with.",
          "Nothing here: the grid, or a generator that feeds it."),
    Fault("overheated", "station", "grace", "itself", "HighTemperature", 3, "TemperatureSensor", "Problem",
          "The temperature is above what the config lets charge with.",
          "Terminals for looseness, the contactor, the fan, the sun."),
    Fault("unmetered", "station", "grace", "itself", "PowerMeterFailure", None, "FiscalMetering", "Problem",
          "The meter fell silent while charging, and the config wants the charge to stop then.",
          "The meter's supply, its bus, address and wiring."),
    Fault("meter silent", "station", "no", "itself", "PowerMeterFailure", None, "FiscalMetering", "Problem",
          "The meter does not answer, or answers what cannot be true.",
          "The meter's supply, its bus, address and wiring."),
    Fault("signing", "station", "no", "itself", "PowerMeterFailure", None, "FiscalMetering", "Problem",
          "The meter does not sign what is charged; where the config requires it, nothing is charged.",
          "What the text says of the meter; its display, its supply, its bus; the station's clock."),
    Fault("temperature derating", "station", "no", "itself", "HighTemperature", 3, "TemperatureSensor", "Fallback",
          "It is hot: the current is lowered.",
          "Terminals for looseness, the contactor, the fan, the sun."),
    Fault("temperature sensor", "station", "no", "itself", "OtherError", None, "TemperatureSensor", "Problem",
          "A temperature sensor does not answer; the current is lowered as if it were hot.",
          "The sensor, its wire, its path in the config."),
    Fault("frequency droop", "station", "no", "itself", "OtherError", None, "ElectricalFeed", "Fallback",
          "The grid's frequency is low: the current is lowered to help it.",
          "Nothing here."),
    Fault("unbalance", "station", "no", "itself", "OtherError", None, "ElectricalFeed", "Overload",
          "The phases are loaded unevenly: the current is lowered.",
          "Nothing here: a vehicle that charges on one phase. `max_unbalance` in the config."),
    Fault("phase rotation", "station", "no", "itself", "OtherError", None, "ElectricalFeed", "Problem",
          "The phases turn the other way round than the config says.",
          "The order of the phases at the outlet's terminals."),
    Fault("plug unlock", "pilot", "no", "itself", "ConnectorLockFailure", 1, "ConnectorPlugRetentionLock", "Problem",
          "The plug lock did not unlock.",
          "Whether somebody pulls at the plug; the lock's motor, feedback and polarity."),
    Fault("contactor worn", "pilot", "no", "itself", "OtherError", None, "PowerContactor", "Overload",
          "The contactor has switched as often as its maker allows.",
          "Replace it at the next visit, and begin its counters anew (`evsed do new-contactor`)."),
    Fault("reader silent", "station", "no", "itself", "ReaderFailure", None, "TokenReader", "Problem",
          "The card reader does not answer.",
          "The reader's supply, its port and wiring.", station_wide=True),
    Fault("disk", "station", "no", "itself", "InternalError", None, "Controller", "Problem",
          "The disk does not take what must be kept, or takes too long.",
          "Free space, the SD card's age, the kernel's log.", station_wide=True),
)
# fmt: on
FAULTS: dict[str, Fault] = {row.name: row for row in _ROWS}
_SHARED = Counter((row.component, row.variable) for row in _ROWS)
WEIGHT: dict[str, int] = {name: place for place, name in enumerate(FAULTS)}


def instance(row: Fault) -> str | None:
    """OCPP 2.x: the variable's instance where several faults share it, so that each has a value of its own."""
    return row.name if _SHARED[row.component, row.variable] > 1 else None


def weightiest(names: Iterable[str]) -> str | None:
    """Of several names of the catalogue the one to tell; None of none."""
    return min(names, key=WEIGHT.__getitem__, default=None)
