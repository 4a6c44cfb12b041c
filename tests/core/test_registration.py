"""Boot notification, heartbeat, and the gate that follows from them."""

from __future__ import annotations

from evsed.core.effects import Ask, SetClock
from evsed.model.commands import Status, TriggerMessage
from evsed.model.inputs import Answered, Input, Unanswered
from evsed.model.questions import Beat, Boot, BootAnswer
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
    assert (asked(house, Boot), house.gates[-1]) == ([0], "closed")
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
