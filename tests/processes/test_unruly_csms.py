"""The CSMS answers CALLERROR, garbage, nothing, or what nobody asked: nothing is lost, nothing is stuck."""

from __future__ import annotations

from both import in_both_versions
from wall import Wall

ATTEMPTS = 3  # see wall.PRESETS


def actions(wall: Wall) -> tuple[str, str]:
    """The start of a transaction, and what comes within."""
    return ("StartTransaction", "MeterValues") if wall.version == "1.6" else ("TransactionEvent", "TransactionEvent")


@in_both_versions
def test_what_is_not_answered_as_it_should_be_is_told_again(wall: Wall) -> None:
    start, report = actions(wall)
    began_wh = wall.outlet()["energy_wh"]
    wall.csms("behave", how="callerror", action=start, times=ATTEMPTS - 1)
    card, _ = wall.charge()
    for how in ("nothing", "garbage", "stranger", "lost"):
        wall.csms("behave", how=how, action=report)
        wall.until(f"{how} is behind us", lambda: not wall.csms("behave")["rules"])
    transaction = wall.finish(card)
    assert abs(transaction["energy_wh"] - (wall.outlet()["energy_wh"] - began_wh)) <= 2.0
    wall.books_are_clean(resent=1, but="RpcFrameworkError")  # the lost answer; the answer to garbage
    assert wall.ledger()["retried"] - wall.before["retried"] >= ATTEMPTS - 1 + 2
    assert wall.show()["dead_letters"] == 0


@in_both_versions
def test_a_start_that_is_refused_for_good_leaves_the_rest_sendable(wall: Wall) -> None:
    start, _ = actions(wall)
    dead = wall.show()["dead_letters"]
    wall.csms("behave", how="callerror", action=start, times=ATTEMPTS)
    wall.plug()
    card = wall.card()
    wall.closed()
    wall.until("the start given up", lambda: wall.show()["dead_letters"] == dead + 1)
    wall.card(card)
    wall.opened()
    wall.until(
        "an empty queue", lambda: wall.show()["queue"] == 0 and wall.show()["sessions"]["1"]["phase"] != "stopping"
    )
    if wall.version == "1.6":
        rest = [it for it in wall.ledger()["unbound"]]
        assert {it["payload"]["transactionId"] for it in rest} == {-1}
        assert rest[-1]["action"] == "StopTransaction"
        wall.books_are_clean()
    else:
        transaction = wall.transactions()[0]
        assert [event["kind"] for event in transaction["events"]][-1] == "Ended"
        wall.books_are_clean(but="its first event is Updated, seqNo 1, and not Started")
    wall.unplug()


@in_both_versions
def test_a_token_that_the_start_is_refused_for_ends_the_charge(wall: Wall) -> None:
    wall.csms("behave", how="refuse", action=actions(wall)[0])
    wall.plug()
    wall.card()
    transaction = wall.ended()
    assert transaction["reason"] == "DeAuthorized"
    assert not wall.opened()["coil"]
    wall.books_are_clean()
