"""A charge at a meter that signs, killed in every handle: no energy without a session, no record lost."""

from __future__ import annotations

import pytest
from evse_drivers.api import Seen
from evsed.model.inputs import Input
from evsed.model.transactions import SignedRecord
from house import House
from signer import Signer
from test_crash import RULES, Charge, Mortal, one_whole_transaction


class Watched(Mortal):
    """No energy flows while the meter has no session."""

    def _pilot_obeys(self, evse: int) -> list[Input]:
        answers = super()._pilot_obeys(evse)
        seen: Seen = self.pilots[evse]
        assert self.signer is not None
        assert not seen.closed or self.signer.running, "energy flows before the first record"
        return answers


def charge(presets: dict[str, str], whole: bool, last: int = 0, committed: bool = False) -> tuple[Charge, Mortal]:
    house = Watched(presets=presets, signer=Signer(whole))
    house.online()
    house.handles, house.last, house.committed = 0, last, committed
    story = Charge(presets, house)
    story.play()
    return story, story.house


def kept(house: House) -> set[str]:
    return {thing.record.data for thing in house.saved["signed"].values() if isinstance(thing, SignedRecord)}


@pytest.mark.parametrize("committed", [False, True], ids=["before its commit", "after its commit"])
@pytest.mark.parametrize("whole", [False, True], ids=["two records", "one record"])
@pytest.mark.parametrize("rule", RULES)
def test_a_station_killed_in_any_handle_loses_no_signed_record(rule: str, whole: bool, committed: bool) -> None:
    handles = charge(RULES[rule], whole)[1].handles
    assert handles > 30
    for last in range(1, handles + 1):
        story, house = charge(RULES[rule], whole, last, committed)
        try:
            one_whole_transaction(story.told)
            signer = house.signer
            assert signer is not None
            ends = [record for record in signer.records if "E " in record]
            begins = [record for record in signer.records if "E " not in record]
            held = kept(house)
            assert set(ends) <= held
            # a begin that nobody heard of was ended at once, with a record that holds it
            lost = [record for record in begins if record not in held]
            assert len(lost) <= sum("B E " in record for record in ends)
            assert not signer.running
            told = [one.record.record.data for one in story.told[-1].signed]
            assert ends[-1] in told
            assert whole or begins[-1] in told
        except AssertionError as error:
            raise AssertionError(f"killed in handle {last}: {house.signer and house.signer.records}") from error
