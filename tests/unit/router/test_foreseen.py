"""What this process appended is known when it comes back, and nothing else is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.contract import facts as f
from services.contract.codec import encode_decision
from services.contract.decisions import Decision
from services.router.evolve import CorruptLog
from services.router.log.fold import fold
from services.router.model import PartitionState, changed
from services.router.owning.foreseen import COMPARED_EVERY, Appended, Foreseen
from tests.unit.router.world import World, agent, desk


def appended() -> Appended:
    """A record as its owner has it; the same bytes as the log gives back."""
    world = World(desk(agent("A")))
    before = world.state
    record = world.tell(f.AgentSignedIn(agent_id="A"))
    return Appended(encode_decision(record), before, record, fold(before, record).state)


def test_the_bytes_that_were_appended_on_the_folded_state_are_known_once() -> None:
    one, foreseen = appended(), Foreseen()
    foreseen.append(0, one)

    assert foreseen.take(1, 3, one.value, one.before) is None
    assert foreseen.take(0, 3, one.value, one.before) is one
    assert foreseen.take(0, 4, one.value, one.before) is None


def test_other_bytes_or_another_state_are_folded_anew() -> None:
    one, foreseen = appended(), Foreseen()
    foreseen.append(0, one)
    rival = encode_decision(replace(one.decision, decision_id=4711))

    assert foreseen.take(0, 3, rival, one.before) is None
    assert foreseen.take(0, 3, one.value, changed(one.before)) is None
    assert foreseen.take(0, 3, one.value, one.before) is one


def test_what_was_dropped_is_known_no_more() -> None:
    one, foreseen = appended(), Foreseen()
    foreseen.append(0, one)
    foreseen.forget(0)

    assert foreseen.take(0, 3, one.value, one.before) is None


@pytest.mark.parametrize(("offset", "digest"), [(COMPARED_EVERY, b""), (3, b"d" * 17)])
def test_a_record_that_reads_back_as_another_stops_the_partition(offset: int, digest: bytes) -> None:
    one, foreseen = appended(), Foreseen()
    said: Decision = replace(one.decision, owner="somebody else", digest=digest)
    foreseen.append(0, Appended(one.value, one.before, said, PartitionState.empty()))

    with pytest.raises(CorruptLog):
        foreseen.take(0, offset, one.value, one.before)
