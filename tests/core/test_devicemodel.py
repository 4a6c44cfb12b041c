"""The device model: which value counts, who may set it, and what a technician may preset."""

from __future__ import annotations

import pytest
from evsed.core.devicemodel import DeviceModel
from evsed.core.effects import Reconnect, Reply
from evsed.core.facts import VariableChanged
from evsed.core.variables import ValueProblem, declarations, problems
from evsed.model.commands import GetBaseReport, GetVariables, SetVariables, Status, VariablesGot, VariablesSet
from evsed.model.inputs import Answered, Called, LinkUp
from evsed.model.journal import Save, Tell
from evsed.model.questions import BootAnswer
from evsed.model.reports import InventoryReport
from evsed.model.time import Instant
from evsed.model.topology import Evse, Topology
from evsed.model.variables import Attribute, GetStatus, Put, SetStatus, VariableRef

NOW = Instant(1.0, 1_795_248_300.0)
TOPOLOGY = Topology("evsed", "Desk", "SN1", "0.1.0", (Evse(1, 32.0, 3, 6.0), Evse(2, 16.0, 1, 6.0)), 32.0)
TIMEOUT = "TxCtrlr.EVConnectionTimeOut"
REF = VariableRef("TxCtrlr", "EVConnectionTimeOut")
PASSWORD = VariableRef("SecurityCtrlr", "BasicAuthPassword")


def put(ref: VariableRef, value: str) -> Called:
    return Called(1, SetVariables(((ref, Attribute.ACTUAL, value),)))


def test_what_the_central_system_has_set_wins_over_the_preset_and_that_over_the_default() -> None:
    assert DeviceModel(TOPOLOGY).integer(TIMEOUT) == 60
    assert DeviceModel(TOPOLOGY, {TIMEOUT: "70"}).integer(TIMEOUT) == 70
    assert DeviceModel(TOPOLOGY, {TIMEOUT: "70"}, {TIMEOUT: "80"}).integer(TIMEOUT) == 80


def test_a_new_value_is_kept_and_told_to_the_blocks() -> None:
    model = DeviceModel(TOPOLOGY)
    reply, save, changed = model.handle(put(REF, " +90 "), NOW)
    assert isinstance(reply, Reply)
    assert isinstance(reply.answer, VariablesSet)
    assert reply.answer.results[0].status is SetStatus.ACCEPTED
    assert save == Save("variable", TIMEOUT, "90")
    assert changed == VariableChanged(TIMEOUT)
    assert model.integer(TIMEOUT) == 90
    assert len(list(model.handle(put(REF, "90"), NOW))) == 1  # nothing new: only the reply


def test_a_value_equal_to_the_preset_is_kept_all_the_same() -> None:
    _, save = DeviceModel(TOPOLOGY, {TIMEOUT: "90"}).handle(put(REF, "90"), NOW)
    assert save == Save("variable", TIMEOUT, "90")


def test_a_refused_value_changes_nothing() -> None:
    model = DeviceModel(TOPOLOGY)
    (reply,) = model.handle(put(REF, "never"), NOW)
    assert isinstance(reply, Reply)
    assert isinstance(reply.answer, VariablesSet)
    assert reply.answer.results[0].status is SetStatus.REJECTED
    assert model.integer(TIMEOUT) == 60


@pytest.mark.parametrize(
    ("ref", "attribute", "status", "why"),
    [
        (REF, Attribute.TARGET, SetStatus.NOT_SUPPORTED, "only Actual can be set"),
        (VariableRef("ChargingStation", "Model"), Attribute.ACTUAL, SetStatus.REJECTED, "is read-only"),
        (REF, Attribute.ACTUAL, SetStatus.REJECTED, "'never' is not a whole number; 1 to 86400 s is allowed"),
    ],
)
def test_a_refusal_to_set_says_why(ref: VariableRef, attribute: Attribute, status: SetStatus, why: str) -> None:
    (reply,) = DeviceModel(TOPOLOGY).handle(Called(1, SetVariables(((ref, attribute, "never"),))), NOW)
    assert reply == Reply(1, VariablesSet((Put(ref, status, attribute, why),)))


def test_an_inventory_that_is_none_is_refused() -> None:
    words = "no Wishlist; there are FullInventory, ConfigurationInventory, SummaryInventory"
    (reply,) = DeviceModel(TOPOLOGY).handle(Called(1, GetBaseReport(5, "Wishlist")), NOW)
    assert reply == Reply(1, Status("NotSupported", words))


def test_a_new_password_is_never_read_back_and_makes_a_new_connection() -> None:
    model = DeviceModel(TOPOLOGY)
    effects = list(model.handle(put(PASSWORD, "0123456789abcdef"), NOW))
    assert Reconnect() in effects
    (reply,) = model.handle(Called(2, GetVariables(((PASSWORD, Attribute.ACTUAL),))), NOW)
    assert isinstance(reply, Reply)
    assert isinstance(reply.answer, VariablesGot)
    assert (reply.answer.results[0].status, reply.answer.results[0].value) == (GetStatus.REJECTED, None)
    _, tell = model.handle(Called(3, GetBaseReport(1, "FullInventory")), NOW)
    assert "0123456789abcdef" not in repr(tell)
    assert "0123456789abcdef" not in repr(model.view(NOW))
    assert model.text("SecurityCtrlr.BasicAuthPassword") == "0123456789abcdef"


def test_the_boot_answer_sets_the_heartbeat_interval() -> None:
    model = DeviceModel(TOPOLOGY)
    name = "OCPPCommCtrlr.HeartbeatInterval"
    effects = list(model.handle(Answered(1, BootAnswer("Accepted", None, 77)), NOW))
    assert effects == [Save("variable", name, "77"), VariableChanged(name)]
    assert list(model.handle(Answered(2, BootAnswer("Pending", None, 5)), NOW)) == []
    assert list(model.handle(Answered(3, BootAnswer("Accepted", None, 0)), NOW)) == []
    assert model.integer(name) == 77


def test_an_overlay_fixes_variables_while_its_version_is_spoken() -> None:
    name = "TxCtrlr.TxStartPoint"
    model = DeviceModel(TOPOLOGY, {name: "Authorized"}, overlays={"1.6": {name: "PowerPathClosed"}})
    assert model.members(name) == ("Authorized",)
    assert list(model.handle(LinkUp("1.6"), NOW)) == [VariableChanged(name)]
    assert model.members(name) == ("PowerPathClosed",)
    (reply,) = model.handle(put(VariableRef("TxCtrlr", "TxStartPoint"), "EVConnected"), NOW)
    assert isinstance(reply, Reply)
    assert isinstance(reply.answer, VariablesSet)
    assert reply.answer.results[0].status is SetStatus.REJECTED
    assert list(model.handle(LinkUp("2.0.1"), NOW)) == [VariableChanged(name)]
    assert model.members(name) == ("Authorized",)


def test_an_overlay_may_say_that_one_variable_is_another() -> None:
    """1.6 knows one ClockAlignedDataInterval: StopTxnAlignedData without it would be accepted and do nothing."""
    one, other = "AlignedDataCtrlr.TxEndedInterval", "AlignedDataCtrlr.Interval"
    model = DeviceModel(TOPOLOGY, {other: "900"}, overlays={"1.6": {one: f"={other}"}})
    assert model.integer(one) == 0
    list(model.handle(LinkUp("1.6"), NOW))
    assert model.integer(one) == 900
    list(model.handle(put(VariableRef("AlignedDataCtrlr", "Interval"), "60"), NOW))
    assert model.integer(one) == 60


def test_computed_variables_are_asked_of_those_who_know() -> None:
    model = DeviceModel(TOPOLOGY, providers={"SecurityCtrlr.Identity": lambda: "CP001"})
    model.provide({"EVSE(2).AvailabilityState": lambda: "Occupied"})
    list(model.handle(LinkUp("2.0.1"), NOW))
    assert model.text("EVSE(2).AvailabilityState") == "Occupied"
    assert model.text("EVSE(1).AvailabilityState") == ""  # nobody knows: nothing is invented
    assert model.text("SecurityCtrlr.Identity") == "CP001"
    assert model.text("EVSE(2).SupplyPhases") == "1"
    assert model.text("ClockCtrlr.DateTime") == "2026-11-21T08:05:00.000Z"


def test_what_needs_a_lock_is_fixed_without_one() -> None:
    name = "OCPPCommCtrlr.UnlockOnEVSideDisconnect"
    model = DeviceModel(TOPOLOGY)
    assert model.boolean(name) is False
    (reply,) = model.handle(put(VariableRef("OCPPCommCtrlr", "UnlockOnEVSideDisconnect"), "true"), NOW)
    assert isinstance(reply, Reply)
    assert isinstance(reply.answer, VariablesSet)
    assert reply.answer.results[0].status is SetStatus.REJECTED
    locked = Topology("evsed", "Desk", "SN1", "0.1.0", (Evse(1, 32.0, 3, 6.0, has_lock=True),), 32.0)
    assert DeviceModel(locked).boolean(name) is True


def test_saved_values_that_no_longer_fit_are_left_aside() -> None:
    model = DeviceModel(TOPOLOGY, saved={TIMEOUT: "x", "OldCtrlr.Gone": "1", "ChargingStation.Model": "y"})
    assert model.integer(TIMEOUT) == 60
    assert model.ignored == [
        "TxCtrlr.EVConnectionTimeOut: 'x' is not a whole number; 1 to 86400 s is allowed",
        "OldCtrlr.Gone: this release has no such variable to set",
        "ChargingStation.Model: this release has no such variable to set",
    ]


@pytest.mark.parametrize(
    ("base", "there", "missing"),
    [
        ("FullInventory", "ChargingStation.Model", None),
        ("ConfigurationInventory", TIMEOUT, "ChargingStation.Model"),
        ("SummaryInventory", "EVSE(2).AvailabilityState", TIMEOUT),
    ],
)
def test_an_inventory_has_what_it_is_for(base: str, there: str, missing: str | None) -> None:
    reply, tell = DeviceModel(TOPOLOGY).handle(Called(1, GetBaseReport(5, base)), NOW)
    assert reply == Reply(1, Status("Accepted"))
    assert isinstance(tell, Tell)
    assert isinstance(tell.report, InventoryReport)
    names = [str(row.ref) for row in tell.report.variables]
    assert there in names
    assert missing not in names


def test_the_power_of_an_evse_is_limited_by_its_wiring() -> None:
    _, tell = DeviceModel(TOPOLOGY).handle(Called(1, GetBaseReport(5, "FullInventory")), NOW)
    assert isinstance(tell, Tell)
    assert isinstance(tell.report, InventoryReport)
    limits = {str(row.ref): row.maximum for row in tell.report.variables}
    assert (limits["EVSE(1).Power"], limits["EVSE(2).Power"]) == (32 * 3 * 230, 16 * 230)


@pytest.mark.parametrize("name", declarations())
def test_every_declared_default_fits_its_declaration(name: str) -> None:
    row = declarations()[name]
    if row.default is not None and not (row.computed and row.default == ""):
        assert row.canonical(row.default) == row.default
    assert row.access in ("ReadOnly", "ReadWrite", "WriteOnly")
    assert row.computed is False or row.access == "ReadOnly"
    assert len(row.ref(1).component) <= 50
    assert len(row.ref(1).variable) <= 50


def test_every_variable_that_2_0_1_requires_of_this_station_is_declared() -> None:
    required = """AlignedDataCtrlr.Interval AlignedDataCtrlr.Measurands AlignedDataCtrlr.TxEndedInterval
        AlignedDataCtrlr.TxEndedMeasurands AuthCtrlr.AuthorizeRemoteStart AuthCtrlr.LocalAuthorizeOffline
        AuthCtrlr.LocalPreAuthorize ChargingStation.AvailabilityState ChargingStation.Available
        ChargingStation.SupplyPhases ClockCtrlr.DateTime ClockCtrlr.TimeSource Connector.Available
        Connector.ConnectorType Connector.SupplyPhases DeviceDataCtrlr.BytesPerMessage[GetReport]
        DeviceDataCtrlr.BytesPerMessage[GetVariables] DeviceDataCtrlr.BytesPerMessage[SetVariables]
        DeviceDataCtrlr.ItemsPerMessage[GetReport] DeviceDataCtrlr.ItemsPerMessage[GetVariables]
        DeviceDataCtrlr.ItemsPerMessage[SetVariables] EVSE.AvailabilityState EVSE.Available EVSE.Power
        EVSE.SupplyPhases OCPPCommCtrlr.FileTransferProtocols OCPPCommCtrlr.MessageTimeout[Default]
        OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent] OCPPCommCtrlr.MessageAttempts[TransactionEvent]
        OCPPCommCtrlr.NetworkConfigurationPriority OCPPCommCtrlr.NetworkProfileConnectionAttempts
        OCPPCommCtrlr.OfflineThreshold OCPPCommCtrlr.ResetRetries OCPPCommCtrlr.UnlockOnEVSideDisconnect
        SampledDataCtrlr.TxEndedInterval SampledDataCtrlr.TxEndedMeasurands SampledDataCtrlr.TxStartedMeasurands
        SampledDataCtrlr.TxUpdatedInterval SampledDataCtrlr.TxUpdatedMeasurands SecurityCtrlr.CertificateEntries
        SecurityCtrlr.OrganizationName SecurityCtrlr.SecurityProfile SmartChargingCtrlr.Entries[ChargingProfiles]
        SmartChargingCtrlr.LimitChangeSignificance SmartChargingCtrlr.PeriodsPerSchedule
        SmartChargingCtrlr.ProfileStackLevel SmartChargingCtrlr.RateUnit TxCtrlr.EVConnectionTimeOut
        TxCtrlr.StopTxOnEVSideDisconnect TxCtrlr.StopTxOnInvalidId TxCtrlr.TxStartPoint TxCtrlr.TxStopPoint"""
    assert set(required.split()) <= set(declarations())


@pytest.mark.parametrize(
    ("presets", "texts"),
    [
        ({TIMEOUT: "60", "txctrlr.stoptxoninvalidid": "TRUE"}, []),
        (
            {"TxCtrlr.EVConnectionTimeout": "9", "TxCtrlr.EvConnectionTime": "9"},
            [('TxCtrlr.EvConnectionTime is no variable of this station. Did you mean "TxCtrlr.EVConnectionTimeOut"?')],
        ),
        ({"Colour": "red"}, ['Colour is no variable of this station. "evsed reference" lists all variables.']),
        (
            {TIMEOUT: "0"},
            ["TxCtrlr.EVConnectionTimeOut = 0: 0 is out of bounds; 1 to 86400 s is allowed."],
        ),
        (
            {"ChargingStation.Model": "x"},
            ["ChargingStation.Model is worked out by the station and cannot be preset: remove it."],
        ),
        (
            {"SecurityCtrlr.BasicAuthPassword": "geheim"},
            ["SecurityCtrlr.BasicAuthPassword = ***: a text of 6 bytes; 16 to 40 are allowed."],
        ),
        (
            {"AuthCtrlr.Enabled": "1"},
            ["AuthCtrlr.Enabled = 1: '1' is neither true nor false."],
        ),
    ],
)
def test_a_preset_that_cannot_be_is_named_with_what_is_allowed(presets: dict[str, str], texts: list[str]) -> None:
    assert problems(presets) == texts


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        (
            *("SmartChargingCtrlr.LimitChangeSignificance", "much"),
            "'much' is not a number; 0 to 100 Percent is allowed",
        ),
        ("TxCtrlr.EVConnectionTimeOut", "86401", "86401 is out of bounds; 1 to 86400 s is allowed"),
        ("SampledDataCtrlr.TxEndedMeasurands", "Voltage, Voltage", "'Voltage, Voltage' names one of them twice"),
        (
            *("TxCtrlr.TxStartPoint", ""),
            "an empty list; at least one of EVConnected, Authorized, PowerPathClosed, EnergyTransfer is needed",
        ),
        (
            *("TxCtrlr.TxStopPoint", "DataSigned"),
            "'DataSigned' is none of EVConnected, Authorized, PowerPathClosed, EnergyTransfer",
        ),
    ],
)
def test_a_value_that_does_not_fit_is_told_what_is_allowed(name: str, value: str, text: str) -> None:
    with pytest.raises(ValueProblem) as refused:
        declarations()[name].canonical(value)
    assert str(refused.value) == text


def test_a_push_button_is_told_and_not_kept() -> None:
    model = DeviceModel(TOPOLOGY)
    told = {}
    for value in ("true", "false", "true"):
        told[value] = list(model.handle(put(VariableRef("RandomisedDelayCtrlr", "Skip", evse=2), value), NOW))[1:]
    assert told == {"true": [VariableChanged("RandomisedDelayCtrlr(2).Skip")], "false": []}
    assert model.text("RandomisedDelayCtrlr(2).Skip") == "false"


def test_a_push_button_cannot_be_preset() -> None:
    assert problems({"RandomisedDelayCtrlr.SkipAll": "true"}) == [
        "RandomisedDelayCtrlr.SkipAll is a push button and cannot be preset: remove it."
    ]
