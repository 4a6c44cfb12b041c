"""The variables whose values the station knows better than a table."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from evsed.clock import Clock
from evsed.core.connectors import Connectors
from evsed.core.devicemodel import DeviceModel
from evsed.core.profiles import Profiles
from evsed.core.random_delay import RandomDelay, remaining
from evsed.core.signing import Signing
from evsed.core.station import Station
from evsed.ocpp.dialects.signed import public_key
from evsed.ocpp.dialects.v2 import status
from evsed.settings import Settings


def computed(settings: Settings, config: DeviceModel, station: Station, clock: Clock) -> dict[str, Callable[[], str]]:
    """By name as the device model has it; each is asked anew whenever it is read."""
    ocpp, connectors, signing = settings.ocpp, station.block(Connectors), station.block(Signing)
    profiles, delay = station.block(Profiles), station.block(RandomDelay)
    # profile 1: HTTP Basic over ws, 2: over wss; 0: evsed is also run on plain ws behind a VPN or for tests
    security = 0 if not config.text("SecurityCtrlr.BasicAuthPassword") and not ocpp.password else 1
    if security and ocpp.url.lower().startswith("wss:"):
        security = 2
    values: dict[str, Callable[[], str]] = {
        "SecurityCtrlr.Identity": lambda: ocpp.identity,
        "SecurityCtrlr.SecurityProfile": lambda: str(security),
        "SmartChargingCtrlr.Entries[ChargingProfiles]": lambda: str(len(profiles.profiles())),
        "ChargingStation.AvailabilityState": lambda: status(connectors.snapshot(0)),
    }
    for evse in settings.evses:
        state = partial(lambda number: status(connectors.snapshot(number)), evse.id)
        values[f"EVSE({evse.id}).AvailabilityState"] = state
        values[f"Connector({evse.id},1).AvailabilityState"] = state
        values[f"FiscalMetering({evse.id}).PublicKey"] = partial(
            lambda number: public_key(signing.public_key(number)), evse.id
        )
        values[remaining(evse.id)] = partial(lambda number: str(delay.remaining(number, clock.now())), evse.id)
    return values
