"""Scenarios on a rig are tests like any other: `pytest hil/scenarios --rig hil/rigs/desk.toml`."""

pytest_plugins = ["evse_hil.plugin"]
