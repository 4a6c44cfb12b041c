"""What must hold after every step of the rules, whatever comes: one function for each invariant.

They look at what the hardware said, at what the rules now want of it, at what stood before the step and at Memory: not
at how the rules came to it. Whether a timer is over is the explorer's choice, and read from the rules.
"""

from __future__ import annotations

from collections.abc import Callable

from evsed.pilot.iec61851 import LEAST, amps_of
from explorer import NOW
from explorer_rules import World
from explorer_variants import BOARD, FAILSAFE

SLACK = 0.051  # A: amps_of is told to 0.1 A


def causes(world: World) -> list[str]:
    """What is wrong by this look itself, whatever was before."""
    look, before = world.look, world.before
    found = [*look.troubles]
    if look.emergency:
        found.append("emergency stop")
    if look.tripped and not before.testing:
        found.append("residual current")
    if look.too_hot:
        found.append("thermal switch")
    if look.broken:
        found.append("diode")
    if look.letter == "E":
        found.append("pilot short" if look.short else "pilot out of range")
    if look.stalled and (look.closed or before.closed):
        found.append("loop stalled")
    if before.mirror_due and look.mirror is not None and look.mirror != look.closed:
        found.append("contactor welded" if look.mirror else "contactor failed to close")
    return found


def permitted(world: World) -> float:
    """A, by the last permit, its plug and its lease; going on without the station counts only while closed."""
    memory, before = world.memory, world.before
    if not (memory.plugged and memory.mine) or memory.unwanted or memory.amps < LEAST:
        return 0.0
    if before.permit_lives:
        return memory.amps
    goes_on = world.variant.go_on > 0.0 and world.look.closed and world.rules.supervisor.gone_until > NOW
    return min(memory.amps, FAILSAFE) if goes_on else 0.0


def most(world: World) -> float:
    """A, the most that may be offered now."""
    rules, look, memory = world.rules, world.look, world.memory
    amps = min(permitted(world), BOARD)
    if memory.phases == 1 and rules.phases is not None and (rules.phases.relay is not False or look.relay):
        amps /= 3.0
    if look.ohms is not None and rules.cable.measured and rules.cable.amps is not None:
        amps = min(amps, rules.cable.amps)
    return min(amps, world.variant.simple) if memory.simple else amps


# --- invariants -----------------------------------------------------------------------------------------------------


def the_contactor_is_closed_only_while_the_vehicle_asks(world: World) -> None:
    if world.rules.closed:
        assert world.look.letter in ("CD" if world.variant.ventilated else "C")


def the_contactor_closes_only_with_the_diode_proven(world: World) -> None:
    if world.rules.closed and not world.before.closed:
        assert world.look.proven


def the_contactor_closes_only_under_an_offer_that_stood_before(world: World) -> None:
    if world.rules.closed and not world.before.closed:
        assert world.before.duty
        assert world.rules.duty


def the_contactor_closes_only_with_a_permit(world: World) -> None:
    if world.rules.closed and not world.before.closed:
        assert most(world) >= LEAST


def the_contactor_stays_closed_without_a_permit_only_for_the_grace(world: World) -> None:
    rules, memory, before = world.rules, world.memory, world.before
    if rules.closed and permitted(world) < LEAST:
        assert not rules.duty, "the offer stands"
        assert not (before.permit_lives and memory.mine and memory.amps < LEAST and memory.at_once), "at once"


def a_stop_ends_when_its_grace_is_over(world: World) -> None:
    before = world.before
    if before.closed and before.duty is None:
        assert not world.rules.duty, "a stop once begun is finished"
        if before.grace_over:
            assert not world.rules.closed


def every_fault_opens_in_the_very_step(world: World) -> None:
    if world.rules.closed:
        assert not causes(world)
        assert not world.rules.faults


def every_fault_is_told(world: World) -> None:
    faults = world.rules.faults
    for name in causes(world):
        assert name in faults, f"{name} is not among {faults}"


def no_offer_stands_with_a_fault(world: World) -> None:
    rules = world.rules
    if rules.faults or causes(world):
        # A letter that opens the contactor is gone to first: one step of 10 ms.
        assert not rules.duty or (world.before.closed and not rules.closed)


def a_latched_fault_stays(world: World) -> None:
    memory, rules = world.memory, world.rules
    for name in ("emergency stop", "residual current", "contactor welded"):
        if name in causes(world):
            memory.latched |= {name}
    if "residual-current self-test" in rules.faults:
        memory.latched |= {"residual-current self-test"}
    assert memory.latched <= set(rules.latched), "a latched fault was forgotten"
    assert set(rules.latched) <= set(rules.faults)
    if "residual current" in rules.latched:  # a trip that outlasts a test that was cut short latches as well
        memory.latched |= {"residual current"}
    assert set(rules.latched) == memory.latched, "latched without a cause"


def the_contactor_is_closed_only_with_the_plug_locked(world: World) -> None:
    rules, look = world.rules, world.look
    if not world.variant.has_lock or not rules.closed:
        return
    assert rules.lock.command is True
    if not world.before.closed or rules.duty:
        assert rules.lock.secured
        assert look.locked is not False or rules.lock.retry_after > NOW


def the_plug_is_locked_before_the_offer(world: World) -> None:
    rules = world.rules
    if world.variant.has_lock and rules.duty and not world.before.duty:
        assert rules.lock.command is True
        assert world.look.locked is not False or rules.lock.retry_after > NOW
        assert world.look.locked is not None or rules.lock.blind_until <= NOW


def the_lock_opens_only_with_the_contactor_proven_open(world: World) -> None:
    rules = world.rules
    if rules.lock.moves != world.before.moves:
        assert world.variant.has_lock
        if rules.lock.command is False:
            assert is_open(world)


def the_phase_relay_moves_only_with_the_contactor_proven_open(world: World) -> None:
    rules, before = world.rules, world.before
    if rules.relay is not before.relay:
        assert is_open(world)
        assert before.duty is None, "X1 before"
        assert not rules.duty, "X1 now, or -12 V for a fault of this step"


def the_residual_current_device_is_tested_only_with_the_contactor_proven_open_and_x1(world: World) -> None:
    rules = world.rules
    if rules.selftest.test:
        assert is_open(world)
        assert not rules.duty
        assert world.before.duty is None or not world.before.test


def nothing_is_offered_or_closed_during_a_test(world: World) -> None:
    rules = world.rules
    if rules.selftest.testing or world.before.testing:
        assert not rules.closed
        assert not rules.duty or not rules.selftest.testing


def is_open(world: World) -> bool:
    """The contactor is proven open, by its mirror contact or by the time since it was told."""
    look = world.look
    if look.closed or world.rules.closed or world.before.closed or "contactor" in look.troubles:
        return False
    return world.rules.contactor.open_after <= NOW if look.mirror is None else not look.mirror


def the_offer_is_never_above_permit_cable_board_and_vehicle(world: World) -> None:
    rules, before = world.rules, world.before
    if rules.duty and not (before.closed and not rules.closed):
        assert amps_of(rules.duty) <= most(world) + SLACK
        assert rules.machine.offered <= most(world) + SLACK


def nothing_is_offered_while_something_holds_it_back(world: World) -> None:
    rules, before = world.rules, world.before
    if rules.duty and not (before.closed and not rules.closed):
        assert not rules.cable.unsure
        assert rules.cable.fault is None
        assert rules.phases is None or rules.phases.stage == "rest"
        assert not (rules.selftest.due and not rules.closed and not before.closed)
        assert world.memory.plugged


def what_is_told_as_offered_is_what_is_put_out(world: World) -> None:
    rules = world.rules
    assert rules.machine.offered == (amps_of(rules.duty) if rules.duty else 0.0)
    assert rules.duty is None or rules.duty == 0.0 or 0.1 <= rules.duty <= 0.96


def minus_12_v_is_put_out_only_open_and_only_for_a_fault_or_to_wake(world: World) -> None:
    rules, before = world.rules, world.before
    if rules.duty != 0.0:
        return
    assert not rules.closed
    assert rules.machine.row == "F"
    assert world.variant.state_f
    if before.row != "F":
        assert rules.faults or (before.woken and before.row == "B2" and world.variant.wake_up != "X1")


def after_a_fault_or_an_opening_under_load_nothing_closes_at_once(world: World) -> None:
    machine, before = world.rules.machine, world.before
    if machine.closed and not before.closed:
        assert machine.close_after <= NOW
        assert machine.asked_after <= NOW
    if world.rules.faults or (before.closed and not machine.closed and world.look.letter != "B"):
        assert machine.close_after > NOW
        assert machine.offer_after > NOW


def the_row_says_what_contactor_and_line_do(world: World) -> None:
    machine, before = world.rules.machine, world.before
    row = machine.row
    assert row in world.table
    assert row == before.row or row in world.table[before.row].values(), f"{before.row} to {row} is not in the table"
    assert machine.closed == row.endswith(" on")
    assert bool(machine.duty) == (row[1:2] == "2")
    if row not in ("F", "E"):
        assert row[0] == world.look.letter or before.row not in ("E", "F")


INVARIANTS: dict[str, Callable[[World], None]] = {
    name: thing
    for name, thing in list(globals().items())
    if name.startswith(("the_", "a_", "every_", "no_", "nothing_", "what_", "minus_", "after_"))
}


def check(world: World) -> None:
    """All of them."""
    for name, holds in INVARIANTS.items():
        try:
            holds(world)
        except AssertionError as broken:
            raise AssertionError(f"{name.replace('_', ' ')}: {broken}") from None
