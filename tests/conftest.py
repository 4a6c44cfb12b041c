"""Which tests one worker runs together, and in which order the workers begin."""

from __future__ import annotations

import pytest

STREETS = 2  # desks of their own that take 20 processes each (tests/processes/conftest.py): no more at a time
LONG = ("test_catalogue", "test_boards", "test_desk_charge", "test_pilot_process", "test_signed_meter")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file's tests stay together; files that share a street are shared out among STREETS workers. What waits for
    real processes begins first and what computes fills the rest: a long file at the end would keep one worker alone.
    """
    of_street = sorted({item.path for item in items if "street" in item.fixturenames})  # type: ignore[attr-defined]
    for item in items:
        shared = item.path in of_street
        group = f"street {of_street.index(item.path) % STREETS}" if shared else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: _turn(item, of_street))


def _turn(item: pytest.Item, of_street: list[object]) -> tuple[int, str]:
    if item.path in of_street:
        return 0, f"{of_street.index(item.path) % STREETS}"
    name = item.path.stem
    return (1, "") if name in LONG else (2, "") if "processes" in item.path.parts else (3, "")
