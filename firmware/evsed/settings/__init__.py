"""The technician's file evsed.toml as frozen dataclasses, or all that is wrong with it."""

from .declared import EvseSettings, LeaseSettings, OcppSettings, Part, ReaderSettings, Settings, StationSettings
from .loading import PresetCheck, load
from .problems import Problem, SettingsError

__all__ = [
    "EvseSettings",
    "LeaseSettings",
    "OcppSettings",
    "Part",
    "PresetCheck",
    "Problem",
    "ReaderSettings",
    "Settings",
    "SettingsError",
    "StationSettings",
    "load",
]
