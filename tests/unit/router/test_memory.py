"""What is held in memory: no older state by a digest, one object for what is equal, no cost for ever."""

from __future__ import annotations

import gc
from weakref import ref

import numpy as np
import pytest

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.codec import decode_decision, encode_decision
from services.router import eligibility
from services.router import ledger as ledger_module
from services.router import sums as sums_module
from services.router.crew import Crew
from services.router.eligibility import GroundKey
from services.router.log.canonical import digest
from services.router.model import PartitionState
from services.router.need import need_of
from services.router.roster import Roster
from tests.unit.router.world import World, agent, call, chat, desk


def test_a_digest_keeps_no_state_alive() -> None:
    state = PartitionState(head=7)
    gone, first = ref(state), digest(state)
    del state
    gc.collect()

    assert gone() is None
    assert digest(PartitionState(head=7)) == first


def test_contacts_of_one_class_share_it() -> None:
    world = World(desk(agent("A")))
    for name in ("c", "e"):
        world.tell(call(name, "billing"))

    one, other = world.contact("c").lane, world.contact("e").lane
    assert one is not None
    assert one is other


def test_labels_of_records_are_read_as_one_string() -> None:
    said = encode_decision(
        d.Decision(events=(d.ContactOpened(contact_id="c", medium="messenger", language="en"),))
    )
    one, other = (decode_decision(bytes(said)).events[0] for _ in range(2))

    assert isinstance(one, d.ContactOpened)
    assert isinstance(other, d.ContactOpened)
    assert one.medium is other.medium
    assert one.language is other.language


def test_the_costs_of_the_newest_needs_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "COSTS_REMEMBERED_MAX", 2)
    crew = Crew(Roster(desk(agent("A"), agent("B"))), {"A": f.Presence.AVAILABLE})
    bodies = [chat("c", topic) for topic in ("billing", "delivery", "refund")]
    needs = [need_of(crew.roster, body) for body in bodies]
    ground = crew.roster.ground(GroundKey("en", (), "", "", 0, 20))

    found = [crew.ledger.costs(ground, need, 1.0) for need in needs]

    assert crew.ledger.costs(ground, needs[2], 1.0) is found[2]
    assert crew.ledger.costs(ground, needs[1], 1.0) is found[1]
    assert crew.ledger.costs(ground, needs[0], 1.0) is not found[0]


def test_what_facts_name_does_not_grow_what_is_remembered_of_a_pool_and_changes_no_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(eligibility, "DECISIONS_REMEMBERED_MAX", 4)
    crew = Crew(Roster(desk(agent("A", refund=50), agent("B"))), dict.fromkeys("AB", f.Presence.AVAILABLE))
    there = eligibility.There(
        crew.roster, crew.presences, crew.roster.ground(GroundKey("en", (), "", "", 0, 20))
    )
    named = [("refund", "EUR"), *[("refund", f"X{number:02}") for number in range(10)], ("refund", "EUR")]
    levels = [there.near(crew.ledger, one)[0].tolist() for one in named]

    assert len(there._near) <= 4
    assert levels[0] == levels[-1] == [1, 0]


def test_what_facts_name_does_not_grow_the_sums_of_a_ground_and_changes_no_mean(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sums_module, "DECISIONS_REMEMBERED_MAX", 4)
    monkeypatch.setattr(sums_module, "CHANCES_REMEMBERED_MAX", 5)
    crew = Crew(Roster(desk(agent("A", refund=50), agent("B"))), dict.fromkeys("AB", f.Presence.AVAILABLE))
    sums = sums_module.Sums(crew, crew.roster.ground(GroundKey("en", (), "", "", 0, 20)))
    parts, covers = [(0, 0.6), (2, 0.4)], np.array([0.4, 0.7, 0.8, 0.9, 1.0])
    named = [("refund", "EUR"), *[("refund", f"X{number:02}") for number in range(10)], ("refund", "EUR")]
    means = [sums.mean_micro(parts, one, covers, 240.0, 1.0, 100.0, 600.0) for one in named]

    assert len(sums._levels) <= 4
    assert len(sums._chances) <= 5
    assert means[0] == means[-1] < means[1]
