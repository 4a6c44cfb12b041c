"""The OpenEVSE board against one made of bytes on a pty: charges, stops, faults, and what it does by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import board_station
import pytest
from evse_drivers.api import DriverError
from evse_drivers.boards.openevse import OpenEvse as Board
from evse_drivers.buses.rapi import Rapi
from openevse_peer import OpenEvse, xor


class Station(board_station.Station):
    def __init__(self, board: Board, peer: OpenEvse) -> None:
        super().__init__(board)
        self.peer = peer

    async def charge(self, amps: float = 16) -> None:
        """A vehicle comes, asks and is permitted."""
        await self.permit(0)
        self.peer.plug("C")
        await self.until_seen(lambda seen: seen.state == "B1")
        await self.permit(amps)
        await self.until_seen(lambda seen: seen.closed)


Test = Callable[[Station, OpenEvse], Awaitable[None]]


def with_station(tmp_path: Path, test: Test, **peer_is: object) -> None:
    async def run() -> None:
        peer = OpenEvse(tmp_path / "port")
        for name, value in peer_is.items():
            setattr(peer, name, value)
        bus = Rapi(Rapi.Settings(str(tmp_path / "port"), timeout_ms=50), "bus.openevse")
        board = Board(Board.Settings("openevse", every=0.25), "evse.1.board", bus)
        station = Station(board, peer)
        try:
            await test(station, peer)
        finally:
            station.task.cancel()
            bus.close()
            peer.close()

    asyncio.run(run())


def test_a_charge_from_plug_to_unplug(tmp_path: Path) -> None:
    async def test(station: Station, peer: OpenEvse) -> None:
        await station.permit(0)
        await station.until(lambda: peer.state == "sleeping")
        peer.plug("B")
        await station.until_seen(lambda seen: seen.state == "B1")
        assert (station.now.plug, station.now.why) == (1, "nothing is offered")
        await station.permit(16.7)
        await station.until_seen(lambda seen: seen.state == "B2")
        assert (station.now.offered, peer.amps) == (16, 16)
        peer.plug("C")
        await station.until_seen(lambda seen: seen.closed)
        assert (station.now.state, station.now.why, station.now.fault) == ("C2", "charging", None)
        await station.permit(10)
        await station.until_seen(lambda seen: seen.offered == 10)
        await station.permit(0)
        await station.until_seen(lambda seen: not seen.closed)
        assert station.now.opened_at is not None
        peer.plug("A")
        await station.until_seen(lambda seen: seen.state == "A1")
        assert station.now.unplugged_at is not None
        assert peer.state == "sleeping"
        assert peer.eeprom_writes == ["SY 5 6", "FF B 0"]  # no current among them

    with_station(tmp_path, test)


def test_a_second_vehicle_is_a_second_plug_and_gets_nothing_by_itself(tmp_path: Path) -> None:
    async def test(station: Station, peer: OpenEvse) -> None:
        await station.charge()
        await station.permit(0)
        await station.until_seen(lambda seen: not seen.closed)
        peer.plug("A")
        await station.until_seen(lambda seen: seen.state == "A1")
        peer.plug("C")
        await station.until_seen(lambda seen: seen.plug == 2)
        assert (station.now.state, station.now.offered, peer.closed) == ("B1", 0, False)

    with_station(tmp_path, test)


def test_stop_now_is_state_f_for_300_ms_and_then_sleep(tmp_path: Path) -> None:
    async def test(station: Station, peer: OpenEvse) -> None:
        await station.charge()
        await station.permit(0, "now")
        await station.until(lambda: peer.state == "disabled")
        disabled = time.monotonic()
        await station.until(lambda: peer.state == "sleeping")
        assert 0.25 < time.monotonic() - disabled < 0.6
        assert not peer.closed
        await station.until_seen(lambda seen: seen.state == "B1")

    with_station(tmp_path, test)


def test_a_permit_that_runs_out_ends_the_offer(tmp_path: Path) -> None:
    async def test(station: Station, peer: OpenEvse) -> None:
        await station.charge()
        await station.permit(16, lasts=0.3)
        await station.until(lambda: peer.state == "sleeping")

    with_station(tmp_path, test)


@pytest.mark.parametrize("amps", [5.9, 3.0, float("nan"), -1.0])
def test_less_than_six_amperes_is_none(tmp_path: Path, amps: float) -> None:
    async def test(station: Station, peer: OpenEvse) -> None:
        await station.charge()
        await station.permit(amps)
        await station.until(lambda: peer.state == "sleeping")

    with_station(tmp_path, test)


def test_a_charge_that_runs_when_the_station_starts_goes_on_until_a_permit_comes(tmp_path: Path) -> None:
    async def test(station: Station, peer: OpenEvse) -> None:
        peer.plug("C")
        await station.until(lambda: len(station.all) > 2)
        assert (station.now.state, peer.closed, peer.amps) == ("C2", True, 32)
        await station.permit(10)
        await station.until_seen(lambda seen: seen.offered == 10)
        assert all(seen.closed for seen in station.all[2:])

    with_station(tmp_path, test)


def test_the_board_that_allows_less_is_taken_at_its_word_and_not_told_for_ever(tmp_path: Path) -> None:
    async def test(station: Station, peer: OpenEvse) -> None:
        await station.charge(20)
        assert station.now.offered == 13
        told = len([command for command in peer.commands if command.startswith("SC")])
        await station.permit(20)
        await asyncio.sleep(2.5)
        assert len([command for command in peer.commands if command.startswith("SC")]) == told

    with_station(tmp_path, test, maximum=13)


def test_what_the_board_raises_by_itself_is_lowered_at_once(tmp_path: Path) -> None:
    async def test(station: Station, peer: OpenEvse) -> None:
        await station.charge(10)
        peer.amps = 16  # it is hot: half of its maximum
        peer.say("$AT 03 03 16 0140")
        await station.until(lambda: peer.amps == 10, 0.2)

    with_station(tmp_path, test)


def test_a_board_that_starts_again_in_a_charge_is_told_again_at_once_and_has_a_new_boot(tmp_path: Path) -> None:
    async def test(station: Station, peer: OpenEvse) -> None:
        await station.charge(10)
        boot = station.now.boot
        peer.reboot()
        assert (peer.amps, peer.closed) == (32, True)
        await station.until(lambda: peer.amps == 10, 0.3)
        await station.until_seen(lambda seen: seen.boot != boot)
        assert (station.now.plug, station.now.closed, station.now.offered) == (1, True, 10)

    with_station(tmp_path, test)


def test_a_board_that_starts_again_while_it_may_not_charge_is_put_to_sleep_at_once(tmp_path: Path) -> None:
    async def test(station: Station, peer: OpenEvse) -> None:
        await station.permit(0)
        peer.plug("C")
        await station.until_seen(lambda seen: seen.state == "B1")
        peer.reboot()
        assert peer.closed
        await station.until(lambda: not peer.closed, 0.3)

    with_station(tmp_path, test)


def test_without_pulses_the_board_lowers_itself_and_is_raised_again_without_a_jump_to_its_maximum(
    tmp_path: Path,
) -> None:
    async def test(station: Station, peer: OpenEvse) -> None:
        peer.beat = 0.1  # its 5 s last 0.5
        await station.charge(10)
        assert peer.trigger == 0
        peer.deaf = True
        await station.until(lambda: peer.amps == 6, 1.0)
        assert peer.trigger == 2
        peer.deaf = False
        highest = []
        await station.permit(10)
        while peer.amps != 10:
            highest.append(peer.amps)
            await asyncio.sleep(0.01)
        assert set(highest) == {6}
        assert peer.trigger == 0
        assert "SY 165" not in peer.commands
        await station.until_seen(lambda seen: seen.offered == 10)
        assert station.lost is None

    with_station(tmp_path, test)


def test_a_pulse_that_came_too_late_is_made_good_without_a_silence(tmp_path: Path) -> None:
    async def test(station: Station, peer: OpenEvse) -> None:
        await station.charge(10)
        peer.trigger, peer.amps = 2, 6  # the loop was busy
        await station.until(lambda: (peer.trigger, peer.amps) == (0, 10))
        assert "SY 165" not in peer.commands

    with_station(tmp_path, test)


def test_a_heartbeat_that_another_has_set_otherwise_is_set_anew(tmp_path: Path) -> None:
    async def test(station: Station, peer: OpenEvse) -> None:
        await station.charge(10)
        peer.interval, peer.fallback = 0, 32
        await station.until(lambda: (peer.interval, peer.fallback) == (5, 6))

    with_station(tmp_path, test)


def test_a_board_that_stays_silent_is_told_as_lost(tmp_path: Path) -> None:
    async def test(station: Station, peer: OpenEvse) -> None:
        await station.charge()
        peer.deaf = True
        await station.until(lambda: station.lost is not None, 5.0)
        assert str(station.lost).replace(str(tmp_path), "") == (
            "evse.1.board: the OpenEVSE on /port, asked $SY 5 6 twice: no answer within 0.05 s. Check the board's "
            "power, its speed, and whether TX and RX are crossed."
        )

    with_station(tmp_path, test)


def test_a_port_that_vanishes_and_returns_within_a_moment_costs_no_charge(tmp_path: Path) -> None:
    async def test(station: Station, peer: OpenEvse) -> None:
        await station.charge(10)
        peer.cable.vanish()
        await asyncio.sleep(0.5)
        peer.cable.plug_in()
        told = len(peer.commands)
        await station.until(lambda: len(peer.commands) > told + 6)
        assert (station.lost, peer.closed, peer.amps) == (None, True, 10)

    with_station(tmp_path, test)


def test_events_between_commands_and_answers_disturb_nothing(tmp_path: Path) -> None:
    async def test(station: Station, peer: OpenEvse) -> None:
        peer.interject = "$AN 0"
        await station.charge()
        peer.mishear = 1
        await station.permit(8)
        await station.until_seen(lambda seen: seen.offered == 8)

    with_station(tmp_path, test)


def test_a_fault_is_shown_until_it_has_gone_and_sleep_does_not_hide_it(tmp_path: Path) -> None:
    async def test(station: Station, peer: OpenEvse) -> None:
        await station.charge()
        peer.fault("gfci")
        await station.until_seen(lambda seen: seen.fault is not None)
        assert (station.now.fault, station.now.closed, station.now.offered) == ("residual current", False, 0)
        assert station.now.why == (
            "residual current: the board's ground-fault interrupter has tripped; it tries again by itself"
        )
        await station.permit(0)
        await asyncio.sleep(0.6)
        assert peer.state == "gfci"
        peer.state = "B"  # it tries again
        peer.plug("C")
        await station.until(lambda: peer.state == "sleeping", 0.2)
        await station.until_seen(lambda seen: seen.fault is None)

    with_station(tmp_path, test)


def test_a_board_built_with_a_lock_until_it_is_authorised_is_unlocked_by_a_permit(tmp_path: Path) -> None:
    async def test(station: Station, peer: OpenEvse) -> None:
        await station.charge()
        assert not peer.auth_locked
        await station.permit(0)
        await station.until(lambda: peer.state == "sleeping")
        peer.plug("A")
        await station.until_seen(lambda seen: seen.state == "A1")
        assert peer.auth_locked

    with_station(tmp_path, test, auth_locks=True, auth_locked=True)


def test_its_delay_timer_and_its_button_are_switched_off(tmp_path: Path) -> None:
    async def test(station: Station, peer: OpenEvse) -> None:
        await station.until(lambda: bool(station.all))
        assert (peer.timer, peer.flags & 0x8000) == (False, 0x8000)
        assert "FF B 0" in peer.commands

    with_station(tmp_path, test, timer=True)


def test_a_plug_that_is_locked_is_opened_when_asked_and_locks_again_for_the_next_vehicle(tmp_path: Path) -> None:
    async def test(station: Station, peer: OpenEvse) -> None:
        await station.charge()
        assert station.now.locked is True
        refused = await station.board.act(1, "unlock")
        assert refused == "the board charges: its plug stays locked until that is over"
        await station.permit(0)
        await station.until_seen(lambda seen: not seen.closed)
        assert await station.board.act(1, "unlock") is None
        await station.until_seen(lambda seen: seen.locked is False)
        peer.plug("A")
        await station.until(lambda: not peer.manual)
        peer.plug("B")
        await station.until_seen(lambda seen: seen.locked is True)

    with_station(tmp_path, test)


def test_a_board_without_a_lock_says_so(tmp_path: Path) -> None:
    async def test(station: Station, peer: OpenEvse) -> None:
        await station.until(lambda: bool(station.all))
        assert station.now.locked is None
        assert await station.board.act(1, "unlock") == "this board has no plug lock that can be told to open"

    with_station(tmp_path, test, lockable=False)


REFUSED = {
    "evse.1.board: the board's firmware 4.11.1 with RAPI 5.2.1 has no heartbeat supervision ($SY): without it the "
    "board would keep its current when evsed falls silent. Load a firmware of 7.1.0 or newer that was built with "
    "HEARTBEAT_SUPERVISION.": {"supervised": False, "version": "4.11.1"},
    "evse.1.board: the board's diode check is switched off. Switch it on (RAPI $FF D 1, or its web page), or allow "
    'that by checks_off = "D".': {"flags": 0x0003},
    "evse.1.board: the OpenEVSE refuses $GS. Load a firmware that was built with it.": {"refuse": {"GS"}},
}


@pytest.mark.parametrize("words", REFUSED)
def test_a_board_that_cannot_be_trusted_is_refused_with_words(tmp_path: Path, words: str) -> None:
    async def test(station: Station, peer: OpenEvse) -> None:
        await station.until(lambda: station.lost is not None, 5.0)
        assert station.lost == words
        assert "FE" not in peer.commands
        assert peer.commands[-1] == "FS", "it would charge whoever comes"

    with_station(tmp_path, test, **REFUSED[words])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "says"),
    [("SY", "$OK 5 x 0"), ("GS", "$OK 03 0"), ("GE", "$OK 16 zz"), ("SY", "$OK"), ("GS", "$OK fe 0 0 0 0 0")],
)
def test_an_answer_that_makes_no_sense_is_told_whole(tmp_path: Path, name: str, says: str) -> None:
    async def test(station: Station, peer: OpenEvse) -> None:
        do = peer._do

        def answer(command: str, words: list[str]) -> tuple[bool, str]:
            return (True, says[4:]) if command == name else do(command, words)

        peer._do = answer  # type: ignore[method-assign]
        await station.until(lambda: station.lost is not None, 5.0)
        assert station.lost == (
            f'evse.1.board: the OpenEVSE answers ${name} by "{says[4:]}", which makes no sense. See whether its '
            "firmware is one of OpenEVSE's."
        )

    with_station(tmp_path, test)


def test_letters_that_name_no_check_are_told(tmp_path: Path) -> None:
    with pytest.raises(DriverError) as caught:
        Board(Board.Settings("openevse", checks_off="DX"), "evse.1.board", object())  # type: ignore[arg-type]
    assert str(caught.value) == (
        "evse.1.board.checks_off: 'X' names no check. Letters: D diode check, V check for vehicles that need "
        "ventilation, G ground check, R check for a welded relay, F self-test of the ground-fault interrupter, T "
        "temperature monitoring."
    )


def test_it_needs_a_bus() -> None:
    with pytest.raises(DriverError) as caught:
        Board(Board.Settings("openevse"), "evse.1.board")
    assert str(caught.value) == 'evse.1.board: needs a bus. Set bus = "NAME" to a [bus.NAME] with the rapi driver.'


def test_a_board_that_sets_something_else_than_it_was_told_is_not_believed(tmp_path: Path) -> None:
    async def test(station: Station, peer: OpenEvse) -> None:
        await station.permit(0)
        await station.until(lambda: bool(station.all))
        peer.cable.tamper = lambda data: xor(
            data.decode().partition("^")[0].replace("$OK 6 ", "$OK 60 ")
        ).encode()  # fmt: skip
        await station.permit(6)
        await station.until(lambda: station.lost is not None, 5.0)
        assert station.lost == "evse.1.board: the board was told 6 A and set 60 A."

    with_station(tmp_path, test)
