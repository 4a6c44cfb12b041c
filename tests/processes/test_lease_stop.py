"""Under the lease policy "stop" the contactor opens when the station dies, and a line that blocks is cut off."""

from __future__ import annotations

from wall import Wall

LEASE, GRACE = 5.0, 6.0  # s


def test_the_offer_is_withdrawn_and_the_same_transaction_goes_on_later(strict: Wall) -> None:
    strict.world("fault", name="ev-ignores-stop", on=True)  # so that the grace is waited for in full
    card, id = strict.charge()
    killed = strict.kill("station")
    opened = strict.opened()["last"]["contact-opened"]
    assert LEASE + GRACE - 2.0 <= opened - killed <= LEASE + GRACE + 1.0  # the last permit is up to 1 s old
    strict.world("fault", name="ev-ignores-stop", on=False)
    strict.start("station")
    strict.until("an offer", lambda: strict.outlet()["offered"] > 20)
    transaction = strict.finish(card)
    assert (transaction["id"], len(strict.transactions())) == (id, 1)
    strict.books_are_clean(resent=1)


def test_the_guard_opens_when_the_line_blocks(strict: Wall) -> None:
    card, id = strict.charge()
    mark = strict.world("state")["events"]
    strict.world("fault", name="sense-blocks", on=True)
    strict.opened(seconds=3.0)
    blocked, coil = (
        next(it["at"] for it in strict.world("events", since=mark)["events"] if it["kind"] == kind)
        for kind in ("fault-on", "coil-off")
    )
    assert coil - blocked < 0.15
    strict.world("fault", name="sense-blocks", on=False)
    strict.until("a fault that is told", lambda: strict.show()["outlets"]["1"]["fault"] == "loop stalled")
    strict.until("the CSMS told", lambda: any(it["status"] == "Faulted" for it in strict.told("StatusNotification")))
    strict.until("a line that is seen again", lambda: strict.show()["outlets"]["1"]["state"] == "C1")
    assert strict.show()["sessions"]["1"]["phase"] == "active"  # it would charge on, 30 s after the fault
    transaction = strict.finish(card)
    assert (transaction["id"], len(strict.transactions())) == (id, 1)
    strict.books_are_clean()
