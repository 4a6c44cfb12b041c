"""The technician's file evsed.toml as frozen dataclasses, or all that is wrong with it."""

from .cards import CardSettings
from .loading import PresetCheck, load
from .outlet import EvseSettings
from .parts import (
    PILOT_PARTS,
    SOFTWARE_ONLY,
    UNSUPERVISED,
    BoardSettings,
    ButtonSettings,
    HeartbeatSettings,
    LightSettings,
    Part,
    RcdSettings,
    ReaderSettings,
    ThermometerSettings,
)
from .problems import Problem, SettingsError
from .station import LeaseSettings, OcppSettings, StationSettings
from .supervision import SupervisionSettings
from .whole import Settings

__all__ = [
    "PILOT_PARTS",
    "SOFTWARE_ONLY",
    "UNSUPERVISED",
    "BoardSettings",
    "ButtonSettings",
    "CardSettings",
    "EvseSettings",
    "HeartbeatSettings",
    "LeaseSettings",
    "LightSettings",
    "OcppSettings",
    "Part",
    "PresetCheck",
    "Problem",
    "RcdSettings",
    "ReaderSettings",
    "Settings",
    "SettingsError",
    "StationSettings",
    "SupervisionSettings",
    "ThermometerSettings",
    "load",
]
