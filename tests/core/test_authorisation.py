"""Who may charge: cache, central system, and the rules for when it cannot be asked."""

from __future__ import annotations

import pytest
from evsed.core.authorisation import CACHE_SIZE, Cached
from evsed.core.effects import Note
from evsed.model.commands import ClearCache, RequestStart, Status
from evsed.model.questions import Authorize
from evsed.model.tokens import Standing, Token, TokenKind, Verdict
from house import START, House

GOOD, BAD = Verdict(Standing.ACCEPTED), Verdict(Standing.BLOCKED)
AUTH = "AuthCtrlr."


def knowing(verdict: Verdict | None, online: bool, **presets: bool) -> House:
    """A station whose cache has `verdict` of card AA; `presets` of AuthCtrlr."""
    kept: dict[str, dict[str, object]] = {"registration": {"accepted": True}}
    if verdict is not None:
        kept["token"] = {"aa": Cached(verdict, START)}
    house = House(presets={AUTH + name: str(on).lower() for name, on in presets.items()}, kept=kept)
    if online:
        house.online()
    house.plug()
    return house


def questions(house: House) -> list[str]:
    return [ask.question.token.id for ask in house.asked if isinstance(ask.question, Authorize)]


@pytest.mark.parametrize(
    ("cached", "online", "presets", "starts", "asks"),
    [
        (GOOD, True, {"LocalPreAuthorize": True}, True, False),
        (GOOD, True, {"LocalPreAuthorize": False}, True, True),
        (BAD, True, {"LocalPreAuthorize": True}, True, True),  # the present state counts, and it is good now
        (None, True, {}, True, True),
        (GOOD, False, {"LocalAuthorizeOffline": True}, True, False),
        (GOOD, False, {"LocalAuthorizeOffline": False}, False, False),
        (GOOD, False, {"LocalAuthorizeOffline": False, "OfflineTxForUnknownIdEnabled": True}, False, False),
        (None, False, {"OfflineTxForUnknownIdEnabled": True}, True, False),
        (None, False, {"OfflineTxForUnknownIdEnabled": False}, False, False),
        (None, False, {}, False, False),
        (BAD, False, {"OfflineTxForUnknownIdEnabled": True}, False, False),
        (Verdict(Standing.ACCEPTED, START - 1), False, {"OfflineTxForUnknownIdEnabled": True}, False, False),
        (Verdict(Standing.ACCEPTED, START - 1), True, {"LocalPreAuthorize": True}, True, True),
        (Verdict(Standing.ACCEPTED, START + 99), False, {}, True, False),
    ],
)
def test_the_table_of_who_may_start(
    cached: Verdict | None, online: bool, presets: dict[str, bool], starts: bool, asks: bool
) -> None:
    house = knowing(cached, online, **presets)
    house.card("AA")
    assert (house.amps() > 0) is starts
    assert questions(house) == (["AA"] if asks else [])


def test_a_card_that_is_known_to_be_bad_is_refused_by_its_own_name_offline() -> None:
    house = knowing(BAD, False, LocalAuthorizeOffline=False)
    house.card("AA")
    assert Note("card AA: Blocked (by cache)", "warning") in house.effects


def test_tokens_compare_without_regard_to_case() -> None:
    house = knowing(GOOD, False)
    house.card("aA")
    assert house.amps() > 0


def test_a_question_without_an_answer_is_decided_by_the_offline_rules() -> None:
    house = knowing(GOOD, True)
    house.silent_csms = True
    house.card("AA")
    assert questions(house) == ["AA"]
    assert house.amps() > 0


def test_every_verdict_is_remembered_good_or_bad() -> None:
    house = knowing(None, True)
    house.verdicts["BB"] = Verdict(Standing.EXPIRED, group="family")
    house.card("BB")
    house.card("AA")
    assert house.saved["token"] == {
        "bb": Cached(Verdict(Standing.EXPIRED, group="family"), START),
        "aa": Cached(GOOD, START),
    }


def test_a_good_token_that_is_busy_elsewhere_stays_good_in_the_cache() -> None:
    house = knowing(None, True)
    house.verdicts["AA"] = Verdict(Standing.CONCURRENT_TX)
    house.card("AA")
    assert house.amps() == 0
    assert house.saved["token"]["aa"] == Cached(GOOD, START)


def test_what_the_answer_to_a_transaction_says_is_remembered_too() -> None:
    house = knowing(GOOD, False)
    house.card("AA")
    house.deliver(house.transactions()[0], BAD)
    assert house.saved["token"]["aa"] == Cached(BAD, START)


def test_a_full_cache_loses_refused_tokens_first_then_the_oldest() -> None:
    entries: dict[str, object] = {f"{n:04}": Cached(GOOD, START) for n in range(CACHE_SIZE - 1)}
    house = House(kept={"token": {**entries, "bad": Cached(BAD, START)}})
    house.online()
    house.plug()
    house.card("AA")
    assert "bad" not in house.saved["token"]
    house.card("BB")
    assert "0000" not in house.saved["token"]
    assert {"0001", "aa", "bb"} <= set(house.saved["token"])
    assert len(house.saved["token"]) == CACHE_SIZE


def test_an_entry_grows_old() -> None:
    house = House(
        presets={"AuthCacheCtrlr.LifeTime": "100"},
        kept={"token": {"aa": Cached(GOOD, START)}, "registration": {"accepted": True}},
    )
    house.plug()
    house.wait(101)
    house.card("AA")
    assert house.amps() == 0


def test_clear_cache_forgets_everybody() -> None:
    house = knowing(GOOD, True, LocalPreAuthorize=True)
    assert house.call(ClearCache()) == Status("Accepted")
    assert "token" not in house.saved
    house.card("AA")
    assert questions(house) == ["AA"]


def test_without_a_cache_nothing_is_remembered_or_cleared() -> None:
    house = House(presets={"AuthCacheCtrlr.Enabled": "false"})
    house.online()
    house.plug()
    house.card("AA")
    assert "token" not in house.saved
    assert house.call(ClearCache()) == Status("Rejected", "the authorisation cache is switched off")


def test_a_token_of_the_central_system_itself_is_neither_asked_for_nor_kept() -> None:
    house = knowing(None, True)
    house.call(RequestStart(1, Token("PAID-17", TokenKind.CENTRAL), remote_start_id=1))
    assert house.amps() > 0
    house.deliver(house.transactions()[0], GOOD)
    assert questions(house) == []
    assert "token" not in house.saved


def test_a_card_of_the_same_group_is_known_by_the_cache_when_offline() -> None:
    house = House(
        kept={
            "token": {
                "aa": Cached(Verdict(Standing.ACCEPTED, group="family"), START),
                "bb": Cached(Verdict(Standing.ACCEPTED, group="family"), START),
            },
            "registration": {"accepted": True},
        }
    )
    house.plug()
    house.card("AA")
    house.card("BB")
    house.wait(3)
    assert house.transactions()[-1].token == Token("BB")
    assert house.amps() == 0
