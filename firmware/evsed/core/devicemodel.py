"""The device model: the variables of this station, who may set them and what they are now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from evsed.model.commands import GetBaseReport, GetVariables, SetVariables, Status, VariablesGot, VariablesSet
from evsed.model.inputs import Answered, Called, Input, LinkUp
from evsed.model.journal import Save, Tell
from evsed.model.questions import BootAnswer
from evsed.model.reports import InventoryReport
from evsed.model.time import Instant
from evsed.model.topology import Evse, Topology
from evsed.model.variables import Attribute, GetStatus, Got, Put, SetStatus, VariableRef, VariableReport

from .effects import Effect, Reconnect, Reply
from .facts import Fact, VariableChanged
from .variables import Declaration, ValueProblem, declarations

Providers = Mapping[str, Callable[[], str]]
HEARTBEAT = "OCPPCommCtrlr.HeartbeatInterval"

_STATION: Mapping[str, Callable[[Topology], str]] = {
    "ChargingStation.VendorName": lambda station: station.vendor,
    "ChargingStation.Model": lambda station: station.model,
    "ChargingStation.SerialNumber": lambda station: station.serial,
    "ChargingStation.FirmwareVersion": lambda station: station.firmware,
    "ChargingStation.SupplyPhases": lambda station: str(max(evse.phases for evse in station.evses)),
    "SmartChargingCtrlr.Phases3to1": lambda station: str(all(evse.has_phase_relay for evse in station.evses)).lower(),
    "OCPP16Ctrlr.NumberOfConnectors": lambda station: str(len(station.evses)),
}
_EVSE: Mapping[str, Callable[[Evse], str]] = {
    "EVSE.SupplyPhases": lambda evse: str(evse.phases),
    "Connector.SupplyPhases": lambda evse: str(evse.phases),
    "Connector.ConnectorType": lambda evse: evse.connector_type,
}
_INVENTORIES: Mapping[str, Callable[[Declaration], bool]] = {
    "FullInventory": lambda row: True,
    "ConfigurationInventory": lambda row: row.access != "ReadOnly",
    "SummaryInventory": lambda row: row.name.endswith(".AvailabilityState"),
}


class DeviceModel:
    """Block and Config.

    A value is, first of these: what the dialect's overlay fixes, what the central system has set (`saved`, by name,
    kind "variable" in the store), the technician's preset, the default. Computed ones come from `providers`, by full
    name such as "EVSE(1).AvailabilityState" or "SecurityCtrlr.Identity"; until there is one the default is told.
    `presets` must be free of problems (variables.problems); saved values that no longer fit are left aside and named
    in `ignored`. `overlays` by OCPP version (a value "=Name": what that variable is) take effect on LinkUp;
    the root may apply one earlier by `overlay`.
    """

    hears: tuple[type, ...] = (GetVariables, SetVariables, GetBaseReport, Answered, LinkUp)

    def __init__(
        self,
        topology: Topology,
        presets: Mapping[str, str] | None = None,
        saved: Mapping[str, str] | None = None,
        providers: Providers | None = None,
        overlays: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self._topology = topology
        self._providers = providers or {}
        self._overlays = overlays or {}
        self._overlay: Mapping[str, str] = {}
        self._utc: float | None = None
        self._rows: dict[str, tuple[Declaration, VariableRef]] = {}
        for row in declarations().values():
            for ref in self._instances(row):
                self._rows[str(ref)] = (row, ref)
        self._index = {_key(ref): name for name, (_, ref) in self._rows.items()}
        self._components = {key[:4] for key in self._index}
        self.ignored: list[str] = []
        self._preset = self._fitting(presets or {})
        self._saved = self._fitting(saved or {})

    # --- Config -----------------------------------------------------------------------------------------------

    def text(self, name: str) -> str:
        """The value of a declared variable; KeyError for any other name."""
        return self._value(name) or ""

    def integer(self, name: str) -> int:
        """See Config."""
        return int(self.text(name))

    def decimal(self, name: str) -> float:
        """See Config."""
        return float(self.text(name))

    def boolean(self, name: str) -> bool:
        """See Config."""
        return self.text(name) == "true"

    def members(self, name: str) -> tuple[str, ...]:
        """See Config."""
        return tuple(item for item in self.text(name).split(",") if item)

    def overlay(self, values: Mapping[str, str]) -> list[str]:
        """Fix these variables for the version in use, in place of the former overlay; returns what has changed."""
        names = {*self._overlay, *values}
        before = {name: self._value(name) for name in names}
        self._overlay = values
        return sorted(name for name in names if self._value(name) != before[name])

    def provide(self, providers: Providers) -> None:
        """These computed variables are known from here on."""
        self._providers = {**self._providers, **providers}

    # --- Block ------------------------------------------------------------------------------------------------

    def handle(self, event: Input | Fact, now: Instant) -> Iterator[Effect | Fact]:
        """See Block."""
        self._utc = now.utc
        match event:
            case Called(call, GetVariables(refs)):
                yield Reply(call, VariablesGot(tuple(self._get(refs))))
            case Called(call, SetVariables(settings)):
                results, effects = self._set(settings)
                yield Reply(call, VariablesSet(tuple(results)))
                yield from effects
            case Called(call, GetBaseReport() as command):
                yield from self._base_report(call, command, now)
            case Answered(_, BootAnswer("Accepted", _, interval)) if interval > 0:
                _, effects = self._set(((self._rows[HEARTBEAT][1], Attribute.ACTUAL, str(interval)),))
                yield from effects
            case LinkUp(version):
                for name in self.overlay(self._overlays.get(version, {})):
                    yield VariableChanged(name)

    def next_deadline(self) -> float | None:
        """Nothing here waits."""
        return None

    def view(self, now: Instant) -> dict[str, Any]:
        """What differs from the defaults; never a secret."""
        named = {**self._preset, **self._saved, **self._overlay}
        return {name: self._value(name) for name in sorted(named) if self._rows[name][0].access != "WriteOnly"}

    # --- one variable -----------------------------------------------------------------------------------------

    def _instances(self, row: Declaration) -> list[VariableRef]:
        evses = [evse for evse in self._topology.evses if evse.signs or row.needs != "signing"]
        return [row.ref()][: len(evses)] if row.per == "station" else [row.ref(evse.id) for evse in evses]

    def _fitting(self, values: Mapping[str, str]) -> dict[str, str]:
        fitting = {}
        spelling = {name.casefold(): name for name in self._rows}
        for given, value in values.items():
            name = spelling.get(given.casefold(), given)
            row = self._rows[name][0] if name in self._rows else None
            try:
                if row is None or row.computed:
                    raise ValueProblem("this release has no such variable to set")
                fitting[name] = row.canonical(value)
            except ValueProblem as problem:
                self.ignored.append(f"{name}: {problem}")
        return fitting

    def _value(self, name: str) -> str | None:
        row, ref = self._rows[name]
        if name in self._overlay:
            fixed = self._overlay[name]
            return self._value(fixed[1:]) if fixed.startswith("=") else fixed
        if row.computed:
            return self._computed(name, row, ref)
        if self._lacks(row):
            return "false"
        return self._saved.get(name, self._preset.get(name, row.default))

    def _computed(self, name: str, row: Declaration, ref: VariableRef) -> str | None:
        if name in self._providers:
            return self._providers[name]()
        if row.name in _STATION:
            return _STATION[row.name](self._topology)
        if row.name in _EVSE and ref.evse is not None:
            return _EVSE[row.name](self._topology.evses[ref.evse - 1])
        if row.name == "ClockCtrlr.DateTime" and self._utc is not None:
            return datetime.fromtimestamp(self._utc, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return row.default

    def _lacks(self, row: Declaration) -> bool:
        return row.needs == "lock" and not any(evse.has_lock for evse in self._topology.evses)

    def _access(self, row: Declaration) -> str:
        return "ReadOnly" if self._lacks(row) or row.name in self._overlay else row.access

    def _limit(self, row: Declaration, ref: VariableRef) -> float | None:
        if row.name == "EVSE.Power" and ref.evse is not None:
            evse = self._topology.evses[ref.evse - 1]
            return evse.max_amps * evse.phases * self._topology.nominal_volts
        return row.maximum

    def _find(self, ref: VariableRef) -> tuple[str | None, bool]:
        """Our name of what OCPP names without regard to case, and whether at least its component exists."""
        key = _key(ref)
        return self._index.get(key), key[:4] in self._components

    # --- the commands -----------------------------------------------------------------------------------------

    def _get(self, refs: tuple[tuple[VariableRef, Attribute], ...]) -> Iterator[Got]:
        if not refs:
            readable = [ref for row, ref in self._rows.values() if row.access != "WriteOnly"]
            refs = tuple((ref, Attribute.ACTUAL) for ref in readable)
        for asked, attribute in refs:
            name, component = self._find(asked)
            if name is None:
                missing = GetStatus.UNKNOWN_VARIABLE if component else GetStatus.UNKNOWN_COMPONENT
                yield Got(asked, missing, attribute=attribute)
                continue
            row, ref = self._rows[name]
            maximum = self._limit(row, ref)
            limit = None if maximum is None else f"{maximum:g}"
            read_only = self._access(row) == "ReadOnly"
            if attribute is not Attribute.ACTUAL:
                yield Got(asked, GetStatus.NOT_SUPPORTED, None, read_only, attribute, limit)
            elif row.access == "WriteOnly":
                yield Got(asked, GetStatus.REJECTED, None, read_only, attribute, limit)
            else:
                yield Got(asked, GetStatus.ACCEPTED, self._value(name) or "", read_only, attribute, limit)

    def _set(self, settings: tuple[tuple[VariableRef, Attribute, str], ...]) -> tuple[list[Put], list[Effect | Fact]]:
        results: list[Put] = []
        effects: list[Effect | Fact] = []
        for asked, attribute, value in settings:
            name, component = self._find(asked)
            if name is None:
                missing = SetStatus.UNKNOWN_VARIABLE if component else SetStatus.UNKNOWN_COMPONENT
                results.append(Put(asked, missing, attribute))
                continue
            row = self._rows[name][0]
            if attribute is not Attribute.ACTUAL:
                results.append(Put(asked, SetStatus.NOT_SUPPORTED, attribute, "only Actual can be set"))
                continue
            if self._access(row) == "ReadOnly":
                results.append(Put(asked, SetStatus.REJECTED, attribute, "is read-only"))
                continue
            try:
                kept = row.canonical(value)
            except ValueProblem as problem:
                results.append(Put(asked, SetStatus.REJECTED, attribute, str(problem)))
                continue
            results.append(Put(asked, SetStatus.ACCEPTED, attribute))
            if row.momentary:
                effects.extend([VariableChanged(name)] if kept == "true" else [])
                continue
            changed = kept != self._value(name)
            if changed or name not in self._saved:
                self._saved[name] = kept
                effects.append(Save("variable", name, kept))
            if changed:
                effects.append(VariableChanged(name))
                effects.extend([Reconnect()] if row.reconnect else [])
        return results, effects

    def _base_report(self, call: int, command: GetBaseReport, now: Instant) -> Iterator[Effect | Fact]:
        wanted = _INVENTORIES.get(command.base)
        if wanted is None:
            yield Reply(call, Status("NotSupported", f"no {command.base}; there are {', '.join(_INVENTORIES)}"))
            return
        yield Reply(call, Status("Accepted"))
        variables = tuple(self._report(name) for name, (row, _) in self._rows.items() if wanted(row))
        yield Tell(InventoryReport(now, command.request_id, variables))

    def _report(self, name: str) -> VariableReport:
        row, ref = self._rows[name]
        value = None if row.access == "WriteOnly" else self._value(name)
        maximum = self._limit(row, ref)
        persistent = not (row.computed or row.momentary)
        access = self._access(row)
        return VariableReport(ref, value, access, persistent, row.type, row.unit, row.minimum, maximum, row.members)


def _key(ref: VariableRef) -> tuple[object, ...]:
    """OCPP 2.x compares names without regard to case."""
    instance, variable_instance = ref.component_instance or "", ref.variable_instance or ""
    component = (ref.component.casefold(), instance.casefold(), ref.evse, ref.connector)
    return (*component, ref.variable.casefold(), variable_instance.casefold())
