"""When a button counts as pressed, and when as stuck."""

from __future__ import annotations

from evsed.buttons import Press


def told(*levels: tuple[float, bool], until: float, press: Press | None = None) -> list[tuple[float, str]]:
    """What a button tells whose level changes so at these seconds, looked at every 10 ms."""
    press, events = press or Press(), []
    for tick in range(round(until * 100)):
        now = tick / 100
        active = [level for at, level in levels if at <= now][-1]
        event = press.step(now, active)
        if event is not None:
            events.append((int(now * 10) / 10, event))  # the tenth of a second in which it was told
    return events


def test_a_press_is_told_once_however_long_it_is_held() -> None:
    assert told((0, False), (1, True), (1.2, False), (2, True), (5, False), until=6) == [
        (1.0, "pressed"),
        (2.0, "pressed"),
    ]


def test_a_contact_that_bounces_is_one_press_and_a_touch_is_none() -> None:
    bounces = [(1 + n / 100, n % 2 == 0) for n in range(5)]
    assert told((0, False), *bounces, (2, False), until=3) == [(1.0, "pressed")]
    assert told((0, False), (1, True), (1.04, False), until=3) == []


def test_one_that_bounces_when_let_go_is_no_second_press() -> None:
    assert told((0, False), (1, True), (2, False), (2.02, True), (2.04, False), until=3) == [(1.0, "pressed")]


def test_one_that_is_pressed_at_the_start_must_be_free_first() -> None:
    assert told((0, True), (5, False), (6, True), until=7) == [(6.0, "pressed")]


def test_one_that_is_stuck_is_told_once_and_again_when_it_is_free() -> None:
    assert told((0, False), (1, True), (200, False), (201, True), until=202) == [
        (1.0, "pressed"),
        (61.0, "stuck"),
        (200.0, "free again"),
        (201.0, "pressed"),
    ]


def test_one_that_is_wired_the_wrong_way_round_is_told_as_stuck() -> None:
    assert told((0, True), until=100) == [(60.0, "stuck")]
