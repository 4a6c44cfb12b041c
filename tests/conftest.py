"""The order of the whole suite."""

from __future__ import annotations

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts real processes waits more than it computes, and is sensitive to other load: it comes first, together;
    what computes fills the workers up after it. (--no-loadscope-reorder keeps xdist from sorting by length of a file.)
    """
    items.sort(key=lambda item: item.get_closest_marker("processes") is None)
