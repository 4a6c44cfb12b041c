"""One test on the walls of both OCPP versions at the same time: they wait more than they compute."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from wall import Wall


def in_both_versions(test: Callable[[Wall], None]) -> Callable[[Mapping[str, Wall]], None]:
    """The test gets each of `walls`; the failure of one says which."""

    def on(wall: Wall) -> None:
        try:
            wall.begin()
            test(wall)
        except BaseException as error:
            error.add_note(f"OCPP {wall.version}, folder {wall.folder}\n{wall.said()}")
            raise

    def wrapper(walls: Mapping[str, Wall]) -> None:
        with ThreadPoolExecutor(len(walls)) as pool:
            for done in [pool.submit(on, wall) for wall in walls.values()]:
                done.result()

    wrapper.__name__, wrapper.__doc__, wrapper.__module__ = test.__name__, test.__doc__, test.__module__
    return wrapper
