"""Who takes a contact best: the terms with their arithmetic, ties, runners-up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from services.contract import decisions as d
from services.contract.decisions import Candidate
from services.contract.desk import Skill
from services.router.score import rank
from tests.unit.router.world import SECOND, World, agent, call, desk, only, refund


def terms(candidate: Candidate) -> dict[str, float]:
    return {term.name: term.value for term in candidate.terms}


def ranked(world: World, contact_id: str) -> list[Candidate]:
    return rank(world.desk, world.contact(contact_id), np.arange(len(world.desk.agents)), world.now_ms)


def test_each_term_by_hand() -> None:
    """v .9, AHT 300, p .8; levels .4 .3 .2 .1 and level 1: A = .7; idle 10 s; w = 1.

    talk .9 x 300 = 270; authority .3 x 195 = 58.5; q = .8 (.7 + .3 x .6) = .704, so .296 x 1200 = 355.2;
    idle -.3 x 10 = -3.
    """
    world = World(
        desk(replace(agent("A", refund=50, speed=0.9), skills=(Skill(topic_id="refund", resolution=0.8),)))
    )
    world.sign_in("A")
    world.now_ms += 10 * SECOND
    offered = only(world.tell(call("c", "refund")), d.Offered)

    best = offered.explanation.candidates[0]
    assert terms(best) == pytest.approx(
        {"talk": 270.0, "authority_missing": 58.5, "not_resolved": 355.2, "idle": -3.0}
    )
    assert best.score == pytest.approx(680.7)
    assert (best.resolves, best.authority_covers, best.talk_seconds) == pytest.approx((0.704, 0.7, 270.0))


def test_terms_sum_to_the_score() -> None:
    world = World(desk(agent("A", refund=50, speed=1.1), agent("B", refund=150), agent("C"), agent("D")))
    world.sign_in("A", "B", "C", "D")
    world.now_ms += 7_777
    offered = only(world.tell(call("c", "refund", complaint=True)), d.Offered)

    assert len(offered.explanation.candidates) == 3
    assert offered.explanation.weighed == 4
    for candidate in offered.explanation.candidates:
        assert sum(terms(candidate).values()) == pytest.approx(candidate.score, abs=1e-6)


def test_a_complaint_and_a_repeat_weigh_more_within_a_bound() -> None:
    """1.3 x 1.3 = 1.69: talk of 200 s counts 338."""
    world = World(desk(agent("A", capacity=200)))
    world.tell(call("c0", customer="k"))
    world.tell(call("c1", customer="k", complaint=True))

    assert terms(ranked(world, "c1")[0])["talk"] == pytest.approx(200 * 1.69)


def test_the_likelier_resolver_wins_over_the_quicker() -> None:
    """.2 more resolution is 240 customer-seconds, 20 % more speed on 200 s is 40."""
    world = World(desk(agent("A", speed=0.8), agent("B", billing=1.0)))
    world.sign_in("A", "B")

    assert only(world.tell(call("c")), d.Offered).agent_id == "B"


def test_among_equals_the_longest_idle_wins() -> None:
    world = World(desk(agent("A"), agent("B")))
    world.sign_in("B")
    world.now_ms += SECOND
    world.sign_in("A")

    assert only(world.tell(call("c")), d.Offered).agent_id == "B"


def test_among_equally_idle_the_id_decides() -> None:
    world = World(desk(agent("B"), agent("A")))
    world.sign_in("B", "A")

    assert only(world.tell(call("c")), d.Offered).agent_id == "A"


def test_asked_by_name_is_a_bonus_of_three_percent() -> None:
    world = World(desk(agent("A"), agent("B")))
    world.sign_in("A", "B")
    offered = only(world.tell(call("c", preferred_agent_id="B")), d.Offered)

    assert offered.agent_id == "B"
    assert terms(offered.explanation.candidates[0])["continuity"] == -36.0


def test_nobody_to_rank_is_an_empty_list() -> None:
    world = World(desk(agent("A")))
    world.tell(call("c", wanted=refund(10)))

    assert rank(world.desk, world.contact("c"), np.zeros(0, np.int64), world.now_ms) == []
