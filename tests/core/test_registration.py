"""Boot notification, heartbeat, and the gate that follows from them."""

from __future__ import annotations

import pytest
from evsed.core.effects import Ask, SetClock
from evsed.model.commands import RequestStart, RequestStop, Status, TriggerMessage
from evsed.model.inputs import Answered, Input, Unanswered
from evsed.model.questions import Beat, Boot, BootAnswer
from evsed.model.tokens import Token
from house import House


class Reception(House):
    """A house whose central system answers boot notifications as the test says; None: not at all."""

    answers: tuple[BootAnswer | None, ...] = ()

    def _csms(self, ask: Ask) -> list[Input]:
        if isinstance(ask.question, Boot) and self.answers:
            answer, self.answers = self.answers[0], self.answers[1:]
            return [Answered(ask.id, answer) if answer else Unanswered(ask.id, "no answer in 30 s")]
        return super()._csms(ask)


def asked(house: House, kind: type) -> list[float]:
    """When it was asked, s since the start."""
    return [ask.deadline - 30.0 - 1000.0 for ask in house.asked if isinstance(ask.question, kind)]


def answer(word: str, interval: int = 300) -> BootAnswer:
    return BootAnswer(word, None, interval)


def test_nothing_passes_before_the_boot_notification_was_accepted() -> None:
    house = Reception()
    assert house.gates == ["closed"]
    house.online()
    assert house.gates == ["closed", "closed", "open"]
    assert [ask.question for ask in house.asked] == [Boot("PowerUp")]
    assert house.saved["registration"] == {"accepted": True}


def test_pending_lets_out_what_is_triggered_and_asks_again() -> None:
    house = Reception()
    house.answers = (answer("Pending", 20), answer("Accepted"))
    house.online()
    assert house.gates[-1] == "pending"
    house.wait(21)
    assert asked(house, Boot) == [0, 20]
    assert house.gates[-1] == "open"


def test_rejected_keeps_silent_until_the_interval_is_over() -> None:
    house = Reception()
    house.answers = (answer("Rejected", 100), answer("Accepted"))
    house.online()
    house.wait(99)
    assert (asked(house, Boot), house.gates[-1]) == ([0], "rejected")
    house.wait(2)
    assert (asked(house, Boot), house.gates[-1]) == ([0, 100], "open")


def test_an_interval_of_zero_does_not_flood_the_central_system() -> None:
    house = Reception()
    house.answers = (answer("Rejected", 0), answer("Pending", 0), answer("Accepted", 0))
    house.online()
    house.wait(121)
    assert asked(house, Boot) == [0, 60, 120]
    house.wait(300)
    assert asked(house, Beat) == [420]


def test_no_answer_asks_again_after_thirty_seconds() -> None:
    house = Reception()
    house.answers = (None, answer("Accepted"))
    house.online()
    house.wait(31)
    assert asked(house, Boot) == [0, 30]


@pytest.mark.parametrize(("word", "gate"), [("Pending", "pending"), ("Rejected", "rejected")])
def test_a_new_connection_does_not_shorten_the_wait_that_was_asked_for(word: str, gate: str) -> None:
    """B02.FR.04, B03.FR.06: a central system that rejects may close the connection too."""
    house = Reception()
    house.answers = (answer(word, 100), answer("Accepted"))
    house.online()
    house.wait(10)
    house.offline()
    house.wait(5)
    house.online()
    assert house.gates[-1] == gate
    house.wait(200)
    assert asked(house, Boot) == [0, 100]


def test_a_status_can_be_triggered_while_pending() -> None:
    """B02.FR.02, F06.FR.10."""
    house = Reception()
    house.answers = (answer("Pending"),)
    house.online()
    assert house.reports == []
    assert house.call(TriggerMessage("StatusNotification", 1)) == Status("Accepted")
    assert len(house.connectors(1)) == 1


def test_what_is_not_accepted_starts_and_stops_nothing_by_remote() -> None:
    """B02.FR.05."""
    house = Reception()
    house.answers = (answer("Pending"),)
    house.online()
    no = Status("Rejected", "the station has not been accepted yet")
    assert house.call(RequestStart(1, Token("AA"))) == no
    assert house.call(RequestStop("tx")) == no


def test_the_answer_sets_the_heartbeat() -> None:
    house = Reception()
    house.answers = (answer("Accepted", 50),)
    house.online()
    house.wait(101)
    assert asked(house, Beat) == [50, 100]
    assert house.saved["variable"]["OCPPCommCtrlr.HeartbeatInterval"] == "50"


def test_a_new_connection_in_the_same_version_brings_no_new_boot_notification() -> None:
    house = Reception()
    house.online()
    house.offline()
    house.wait(400)
    assert asked(house, Beat) == []
    house.online()
    assert asked(house, Boot) == [0]
    assert house.gates[-1] == "open"


def test_another_version_registers_anew() -> None:
    house = Reception()
    house.online("2.0.1")
    house.offline()
    house.online("1.6")
    assert len(asked(house, Boot)) == 2


def test_every_answer_sets_the_clock() -> None:
    house = Reception()
    house.online()
    house.wait(301)
    assert [effect.utc for effect in house.effects if isinstance(effect, SetClock)] == [
        1_800_000_000.0,
        1_800_000_300.0,
    ]


def test_a_boot_notification_can_be_triggered_only_while_not_accepted() -> None:
    house = Reception()
    house.answers = (answer("Pending"), answer("Accepted"))
    house.online()
    assert house.call(TriggerMessage("BootNotification")) == Status("Accepted")
    assert house.asked[-1].question == Boot("Triggered")
    assert house.call(TriggerMessage("BootNotification")) == Status(
        "Rejected", "the boot notification has been accepted already"
    )


def test_a_heartbeat_can_be_triggered() -> None:
    house = Reception()
    house.online()
    assert house.call(TriggerMessage("Heartbeat")) == Status("Accepted")
    assert asked(house, Beat) == [0]


def test_an_answer_to_a_question_nobody_asked_changes_nothing() -> None:
    house = Reception()
    house.give(Answered(99, answer("Accepted")))
    assert house.gates == ["closed"]
