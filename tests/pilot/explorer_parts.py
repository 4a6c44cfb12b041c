"""Lock, contactor, cable, phase relay and residual-current test, each alone in the explorer under every input."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import product
from math import inf
from typing import Any

from evsed.pilot.cable import Cable, cable_of
from evsed.pilot.contactor import Contactor
from evsed.pilot.lock import MOVES, TRIES, Lock
from evsed.pilot.phases import PhaseRelay
from evsed.pilot.rcd import SEQUENCES, SelfTest
from evsed.pilot.rcd import TRIES as TESTS
from explorer import NOW, Else, Explorer, Forget, Frame, Move

ANY = (False, True)
OR_NONE = (None, False, True)


class Kept:
    """What a check remembers of the last look."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: Any = False


def alone(
    part: Any, still: Iterable[str], looks: Iterable[tuple[Any, ...]], step: Callable[..., None],
    check: Callable[[dict[str, Any], tuple[Any, ...]], None], commands: Sequence[Callable[[], object]] = (),
    forget: Forget | None = None, keep: int | None = None,
) -> Explorer:  # fmt: skip
    """`step(*look)` steps it; `check(before, look)` follows, with the attributes that stood before; of the look before
    the last, the value at place `keep` is among them as "kept"."""
    frame = Frame(type(part).__name__, part, still, forget)
    kept = Kept()
    last: list[Any] = [{}, ()]

    def do(look: tuple[Any, ...]) -> None:
        last[0] = {name: getattr(part, name) for name in frame.names}
        last[0]["kept"] = kept.value
        last[1] = look
        kept.value = None if keep is None else look[keep]
        step(*look)

    def checked() -> tuple[Else, ...]:
        check(last[0], last[1])
        return ()

    moves = [Move(str(look), (lambda look=look: do(look))) for look in looks]  # type: ignore[misc]
    moves += [Move(command.__name__, (lambda c=command: c()), step=False) for command in commands]  # type: ignore[misc]
    return Explorer([frame, Frame("kept", kept, (), None)], lambda: moves, checked)


def lock_alone() -> Explorer:
    """It unlocks only with the contactor proven open, moves as often as allowed, and believes its feedback."""
    lock = Lock()

    def check(before: dict[str, Any], look: tuple[Any, ...]) -> None:
        wanted, locked, proven_open = look
        moved = lock.moves != MOVED[0]
        MOVED[0] = lock.moves
        assert lock._spent <= MOVES
        assert lock._tries <= TRIES
        if moved:
            assert lock.command or proven_open, "unlocked with the contactor not proven open"
            assert before["_spent"] < MOVES or before["move_after"] <= NOW, "the motor was not spared"
            assert lock.retry_after > NOW
            assert lock.blind_until > NOW
            assert wanted is not None or locked is not None, "moved without a reason"
        assert lock.command is before["command"] or lock.command is wanted
        if wanted is not None and wanted is not before["command"] and (proven_open or wanted):
            full = before["_spent"] >= MOVES and not before["move_after"] <= NOW
            assert lock.command is wanted or full or (wanted and before["failed"])
        if lock.secured:
            assert lock.command
            assert not lock.failed
            assert (
                locked
                or (locked is None and before["blind_until"] <= NOW and not moved)
                or (before["secured"] and not moved and lock.retry_after > NOW and locked is False)
            )
        elif lock.command and not lock.failed:
            assert not locked
        if lock.failed and not before["failed"]:
            assert locked is False
            assert before["_tries"] == TRIES, "it was tried three times"
        if lock.stuck:
            assert lock.command is False
            assert locked is not True or before["stuck"] or before["_tries"] == TRIES
        still = wanted is None or wanted is before["command"]
        if still and locked is not None and locked is before["command"] and not before["failed"]:
            assert lock._tries == 0
            assert not lock.stuck
        elif still and locked is not None and before["command"] is not None and before["retry_after"] <= NOW:
            spared = before["_spent"] >= MOVES and not before["move_after"] <= NOW
            ends = before["_tries"] >= TRIES and before["command"]
            if not before["failed"] and not spared and not ends and (before["command"] or proven_open):
                assert moved, "it was not told again"

    MOVED = [0]
    return alone(lock, (), product(OR_NONE, OR_NONE, ANY), lambda *look: lock.step(NOW, *look), check, (lock.forgive,))


def contactor_alone() -> Explorer:
    """Open is proven only by a mirror contact that says so, or by time; disagreement is told after its time."""
    contactor = Contactor(NOW)

    def check(before: dict[str, Any], look: tuple[Any, ...]) -> None:
        commanded, mirror, trouble = look
        if contactor.proven_open:
            assert not commanded
            assert not trouble
            assert not mirror
            assert mirror is not None or contactor.open_after <= NOW
        elif not commanded and not trouble:
            assert mirror or (mirror is None and contactor.open_after > NOW)
        if commanded is not before["kept"]:
            assert contactor.open_after > NOW
        if mirror is None or mirror is commanded:
            assert not contactor.welded
            assert contactor.failed is before["failed"]
        elif before["_disagrees"] and before["disagrees_until"] <= NOW:
            assert contactor.welded is mirror
            assert contactor.failed is (before["failed"] or not mirror)
        else:
            assert contactor.disagrees_until < inf
            assert contactor.failed is before["failed"]
            assert contactor.welded is before["welded"]
        if mirror is not None and mirror is commanded:
            assert contactor.disagrees_until == inf

    return alone(
        contactor, (), product(ANY, OR_NONE, ANY), lambda *look: contactor.step(NOW, *look), check,
        (contactor.forgive,), keep=0,
    )  # fmt: skip


def cable_alone() -> Explorer:
    """A resistance counts the third time in a row; what no cable has is a fault after its time."""
    cable = Cable()

    def check(before: dict[str, Any], look: tuple[Any, ...]) -> None:
        ohms, plugged, _ = look
        if cable.amps != before["amps"]:
            assert ohms is not None
            third = before["_count"] == 2 and before["_next"] == cable_of(ohms)
            assert cable.amps == cable_of(ohms) if third else cable.amps is None, "three in a row"
            assert third or before["_away"] == 4, "it wanders"
            assert cable.measured
        elif ohms is not None and before["_count"] == 2 and before["_next"] == cable_of(ohms):
            assert cable.measured, "the third in a row counts"
        right = cable.amps is not None and cable.amps < inf and cable.silent_after > NOW
        assert cable.unsure is (plugged and cable.measured and not right)
        if not cable.unsure:
            assert cable.fault is None
        elif cable.fault is not None and before["fault"] is None:
            assert before["bad_after"] <= NOW or not before["unsure"]
        if cable.unsure and before["unsure"] and before["bad_after"] <= NOW:
            assert cable.fault == ("cable" if cable.amps is None else "cable lost")
        assert cable.limit() == (inf if cable.amps is None else cable.amps)

    ohms = (None, 50.0, 220.0, 1500.0, inf)
    return alone(cable, (), product(ohms, ANY, ANY), lambda *look: cable.step(NOW, *look), check)


def relay_alone(feedback: Sequence[bool | None], per_day: int = 2) -> Explorer:
    """It moves only with the contactor proven open and X1, and within its budget."""
    relay = PhaseRelay(feedback[0], 10.0, per_day)

    def step(
        wanted: int | None, heard: bool | None, plugged: bool, asking: bool, closed: bool, is_open: bool, x1: bool
    ) -> None:
        relay.step(NOW, wanted, heard, plugged=plugged, asking=asking, closed=closed, proven_open=is_open, x1=x1)

    def check(before: dict[str, Any], look: tuple[Any, ...]) -> None:
        wanted, heard, plugged, _, closed, is_open, x1 = look
        if relay.relay is not before["relay"]:
            assert is_open, "not proven open"
            assert x1, "not X1"
            assert not closed
            assert relay.hold, "an offer may stand"
            assert relay.stage == "move"
            again = before["stage"] == "move"
            assert before["relay"] is None or again or before["_budget_at"] <= NOW, "above its budget"
            assert before["relay"] is None or wanted == (3 if relay.relay else 1)
        assert len(relay._switched) <= per_day
        if relay.relay is not False or heard:
            assert relay.phases == 3
            assert wanted != 1 or relay.scale < 0.34
        if relay.stage == "rest" and relay.relay is False and heard is not True:
            assert relay.phases == 1
        assert relay.scale == (1.0 if wanted != 1 or relay.phases == 1 else 1.0 / 3.0)
        if before["stage"] == "move" and relay.stage == "break":
            assert heard is relay.relay or heard is None
            assert plugged
        if before["stage"] == "break" and relay.stage == "rest":
            assert not plugged or before["_break_until"] <= NOW
        if (
            heard is not None
            and before["_wrong_at"] <= NOW
            and before["relay"] is relay.relay
            and heard is not relay.relay
        ):
            assert relay.fault or before["fault"]
        if relay.fault:
            assert heard is not None
            assert heard is not before["relay"], "that it moves in this step may have mended it"

    return alone(
        relay, {"_break_s"}, product((None, 1, 3), feedback, ANY, ANY, ANY, ANY, ANY), step, check,
        forget=lambda state: state.update(_wanted=None, scale=1.0),
    )  # fmt: skip


def selftest_alone(module: str) -> Explorer:
    """A trip outside a test is a trip; a test is cut short where it may not be; three failures in a row are one."""
    selftest = SelfTest(module)
    count = len(SEQUENCES[module])

    def check(before: dict[str, Any], look: tuple[Any, ...]) -> None:
        tripped, may_test = look
        assert not selftest.test or (selftest.testing and may_test), "the test output is out where it must not be"
        if tripped and not before["testing"]:
            waits = before["_first"] and selftest.testing and not selftest.test
            assert selftest.tripped_fault or waits, "a trip outside a test is a trip"
        assert selftest.tripped_fault >= before["tripped_fault"], "who acknowledged it?"
        assert selftest.failed >= before["failed"]
        if selftest.tripped_fault and not before["tripped_fault"]:
            assert tripped
        if selftest.testing and not before["testing"] and not (before["_first"] and tripped):
            assert count
            assert may_test
            assert tripped is False
            assert before["due"] or before["_due_at"] <= NOW
            assert not before["failed"]
            assert not before["tripped_fault"]
        if selftest.failed and not before["failed"]:
            assert before["_failures"] == TESTS - 1 or before["_seen"]
        if before["due"] and not selftest.due:
            assert before["testing"], "a test is done when it was passed, or has failed for good"
            assert not before["_over"], "a test that was cut short counts for nothing"
            assert selftest.failed or (tripped is False and before["_seen"] and may_test)
        if before["_due_at"] <= NOW and count and not selftest.failed:
            assert selftest.due or before["testing"]
        assert selftest.hold == (selftest.testing or selftest.due)
        if selftest.due and not selftest.testing and before["_try_at"] == inf:
            free = may_test and tripped is False and not selftest.failed and not selftest.tripped_fault
            assert not free or before["testing"], "it was not begun"

    def acknowledge() -> None:
        testing = selftest.testing
        for tripped in (True, False):
            refused = selftest.acknowledge(tripped)
            assert (refused is None) == (not tripped and not testing)
        if not testing:
            assert not selftest.tripped_fault
            assert not selftest.failed

    return alone(
        selftest, {"_steps", "tested_at"}, product(OR_NONE, ANY), lambda *look: selftest.step(NOW, *look), check,
        (selftest.want, acknowledge),
    )  # fmt: skip


PARTS: dict[str, Callable[[], Explorer]] = {
    "lock": lock_alone,
    "contactor": contactor_alone,
    "cable": cable_alone,
    "phase relay": lambda: relay_alone((True, False)),
    "blind phase relay": lambda: relay_alone((None,)),
    **{f"self-test of {module}": (lambda module=module: selftest_alone(module)) for module in SEQUENCES},  # type: ignore[misc]
}
