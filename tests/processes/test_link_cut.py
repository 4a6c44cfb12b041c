"""The link is cut, in mid-charge or before it: all reports arrive later, in order, once."""

from __future__ import annotations

from both import in_both_versions
from wall import Wall


def allow_unknown(wall: Wall, on: bool) -> None:
    """OfflineTxForUnknownId, as the CSMS sets it."""
    value = str(on).lower()
    if wall.version == "1.6":
        answer = wall.call("ChangeConfiguration", key="AllowOfflineTxForUnknownId", value=value)
        assert answer["status"] == "Accepted"
    else:
        where = {"component": {"name": "AuthCtrlr"}, "variable": {"name": "OfflineTxForUnknownIdEnabled"}}
        answer = wall.call("SetVariables", setVariableData=[{"attributeValue": value, **where}])
        assert answer["setVariableResult"][0]["attributeStatus"] == "Accepted"


@in_both_versions
def test_what_was_measured_while_the_link_was_cut_arrives_later(wall: Wall) -> None:
    began_wh = wall.outlet()["energy_wh"]
    card, id = wall.charge()
    wall.link(False)
    events = len(wall.transactions()[0]["events"])
    wall.until("two samples in the queue", lambda: wall.show()["queue"] >= 2)
    assert len(wall.transactions()[0]["events"]) == events
    wall.link(True)
    transaction = wall.finish(card)
    assert (transaction["id"], len(wall.transactions())) == (id, 1)
    assert len(transaction["events"]) >= events + 3
    assert abs(transaction["energy_wh"] - (wall.outlet()["energy_wh"] - began_wh)) <= 2.0
    if wall.version == "2.0.1":
        assert any(event["offline"] for event in transaction["events"])
        assert not transaction["events"][-1]["offline"]
    wall.books_are_clean(resent=1)


@in_both_versions
def test_a_whole_charge_without_a_link_arrives_later_with_the_right_number(wall: Wall) -> None:
    card, _ = wall.charge()  # so that the cache knows the card
    wall.finish(card)
    wall.until("free", lambda: wall.show()["sessions"]["1"]["phase"] == "free")
    allow_unknown(wall, False)
    wall.link(False)
    began_wh = wall.outlet()["energy_wh"]
    wall.plug()
    wall.card()  # nobody knows it
    wall.card(card)
    wall.closed()
    wall.burn(4.0)
    wall.card(card)
    wall.opened()
    wall.unplug()
    wall.until("free", lambda: wall.show()["sessions"]["1"]["phase"] == "free")
    wall.csms("link", up=True)
    transaction = wall.ended(number=2)
    assert len(wall.transactions()) == 2
    assert transaction["token"].upper() == card
    assert abs(transaction["energy_wh"] - (wall.outlet()["energy_wh"] - began_wh)) <= 2.0
    if wall.version == "2.0.1":
        assert all(event["offline"] for event in transaction["events"])
    else:
        kinds = [event["kind"] for event in transaction["events"]]
        assert (kinds[0], kinds[-1]) == ("Start", "Stop")
        assert "MeterValues" in kinds
    wall.books_are_clean(resent=1)


@in_both_versions
def test_an_unknown_card_charges_without_a_link_only_where_that_is_allowed(wall: Wall) -> None:
    allow_unknown(wall, True)
    wall.link(False)
    wall.plug()
    card = wall.card()
    wall.closed()
    wall.csms("link", up=True)
    assert wall.transaction()["token"].upper() == card
    wall.finish(card)
    allow_unknown(wall, False)
    wall.books_are_clean()
