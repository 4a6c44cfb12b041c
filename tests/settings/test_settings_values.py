"""What a config file that can be used means."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from evsed.model.topology import Evse
from evsed.settings import SOFTWARE_ONLY, Settings

from tests.settings import lab

Reads = Callable[[str], Settings]


def changed(old: str, new: str) -> str:
    assert old in lab.WHOLE, old
    return lab.WHOLE.replace(old, new, 1)


def test_every_table_reaches_its_place(reads: Reads) -> None:
    settings = reads(lab.WHOLE)
    assert (settings.station.vendor, settings.station.model, settings.station.max_current) == ("Lab", "wallbox", 32.0)
    assert (settings.ocpp.identity, settings.ocpp.versions) == ("CP7", ("2.0.1", "1.6"))
    assert (settings.lease.when_station_is_gone, settings.lease.go_on_minutes) == ("go on", 15.0)
    assert settings.buses["rs485"].settings.port == "/dev/ttyUSB0"
    (evse,) = settings.evses
    assert [part.where for part in evse.parts()] == ["evse.1.pilot", "evse.1.contactor", "evse.1.rcd", "evse.1.meter"]
    assert evse.meter is not None
    assert (evse.meter.driver, evse.meter.settings.unit, evse.meter.bus, evse.meter.line) == ("lab", 1, "rs485", 31)
    assert (settings.readers["door"].evses, settings.readers["door"].part.settings.port) == ((1,), "/dev/ttyS0")
    assert evse.rcd is not None
    assert (evse.rcd.module, evse.rcd.cuts_coil, evse.rcd.part.bus) == ("RCM14", True, "wires")
    assert settings.heartbeat is not None
    assert (settings.heartbeat.every, settings.heartbeat.part.driver) == (10.0, "lab")
    assert (settings.thermometers["housing"].evses, settings.thermometers["housing"].every) == ((), 5.0)
    assert settings.supervision.stop_at == 75.0
    assert settings.warnings == ()


def test_the_topology_is_the_nameplate_of_the_core(reads: Reads) -> None:
    topology = reads(changed("max_current = 16.0", 'max_current = 16\nconnector = "cType1"\nphases = 1')).topology()
    assert topology.evses == (Evse(1, 16.0, 1, 6.0, has_lock=False, has_meter=True, connector_type="cType1"),)
    assert (topology.serial, topology.site_amps, topology.nominal_volts) == ("L-1", 32.0, 230.0)


def test_presets_are_kept_as_text_with_their_lines(reads: Reads) -> None:
    ocpp = reads(changed("HeartbeatInterval = 300", "HeartbeatInterval = 300\nMaxEnergyOnInvalidId = 1.5")).ocpp
    assert ocpp.keys == {"HeartbeatInterval": "300", "MaxEnergyOnInvalidId": "1.5"}
    assert ocpp.variables == {"TxCtrlr.EVConnectionTimeOut": "60", "AuthCtrlr.Enabled": "true"}
    assert ocpp.lines["keys.MaxEnergyOnInvalidId"] == 13
    assert ocpp.lines["variables.AuthCtrlr.Enabled"] == 17


def test_an_outlet_that_says_nothing_has_no_more_than_the_supply(reads: Reads) -> None:
    text = changed("max_current = 32", "max_current = 20").replace("max_current = 16.0\n", "")
    assert reads(text).evses[0].max_current == 20.0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("max_current = 16.0", "max_current = 10"),
        ("max_current = 16.0", "failsafe_current = 8"),
        ("[bus.wires]", '[lease]\nwhen_station_is_gone = "stop"\n\n[bus.wires]'),
        ("/tmp/wires.sock", "/tmp/others.sock"),
    ],
)
def test_the_digest_changes_with_what_the_pilot_rests_on(reads: Reads, old: str, new: str) -> None:
    assert reads(lab.WHOLE).digest != reads(changed(old, new)).digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('vendor = "Lab"', 'vendor = "Bench"\n\n# a comment'),
        ("HeartbeatInterval = 300", "HeartbeatInterval = 60"),
        ('password = "correct horse"', 'password = "battery staple"'),
        ("/dev/ttyUSB0", "/dev/ttyUSB1"),
    ],
)
def test_the_digest_stays_with_what_the_pilot_has_no_use_for(reads: Reads, old: str, new: str) -> None:
    digest = reads(lab.WHOLE).digest
    assert len(digest) == 8
    assert reads(changed(old, new)).digest == digest


@pytest.mark.parametrize(
    ("old", "new", "warning"),
    [
        ("wss://csms", "ws://csms", "ocpp.password: goes over ws:// in clear text: anybody on the way can read it."),
        ('identity = "CP7"', 'identity = "CP7"\nca = "/etc/ca.pem"', ""),
        ("wss://csms", 'ws://csms"\nca = "/a.pem"\n#', 'ocpp.ca = "/a.pem": is not used with ws://.'),
        (
            "max_current = 16.0",
            'connector = "sType2"',
            "is a socket without a lock: the plug can be pulled under load.",
        ),
        (
            "[bus.wires]",
            '[bus.spare]\ndriver = "lab-wires"\nsocket = ""\n[bus.wires]',
            "bus.spare: is used by nothing.",
        ),
        (
            'module = "RCM14"',
            'module = "none"',
            'evse.1.rcd.module = "none": has no test input: whether it still trips is never tested.',
        ),
        (
            "stop_at = 75",
            "max_unbalance = 5",
            "supervision.max_unbalance = 5: lets no vehicle charge on one phase: 6 A is the least that can be offered.",
        ),
        ("cuts_coil = true", f'cuts_coil = false\nsoftware_only = "{SOFTWARE_ONLY}"', ""),
        ("max_current = 16.0", 'pilot_levels = "volts"\nstate_f = false\nwake_up = "X1"', ""),
        ('pilot = { driver = "lab",', 'pilot_levels = "resistance"\npilot = { driver = "lab-resistive",', ""),
    ],
)
def test_what_is_odd_is_a_warning(reads: Reads, old: str, new: str, warning: str) -> None:
    told = [f"{problem.subject}: {problem.text}" for problem in reads(changed(old, new)).warnings]
    assert any(warning in text for text in told) if warning else told == []


def test_the_password_is_in_no_text_that_settings_make(reads: Reads) -> None:
    assert "horse" not in repr(reads(lab.WHOLE))
