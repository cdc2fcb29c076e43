"""What was weighed reads as people speak, and the figures printed are those that were compared."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contract import decisions as d
from services.contract.facts import AgentSignedIn, TopicWeight
from services.router.explain import describe
from services.router.weighed import WAITS, figures, held, terms
from tests.unit.router.world import HOUR, MINUTE, World, agent, call, chat, desk, email, only, refund

BILLING = d.Need(topics=(TopicWeight(topic_id="billing", weight=1.0),))
A17 = d.Candidate(
    agent_id="A17",
    score=300.5,
    terms=(d.ScoreTerm(name="talk", value=312.25), d.ScoreTerm(name="idle", value=-11.75)),
    resolves=0.84,
    authority_covers=0.98,
    talk_seconds=212,
    price=0.41,
    skill=0.86,
)
B03 = d.Candidate(agent_id="B03", score=371.6, resolves=0.71, authority_covers=1)
C20 = d.Candidate(agent_id="C20", resolves=0.9, authority_covers=1, busy=True, free_in_seconds=48)
HOLD = d.HoldTest(
    best_cost=312,
    hold_cost=550,
    waiting_cost=310,
    expected_wait_seconds=48,
    waited_seconds=3,
    cap_seconds=20,
    agents=1,
)
WHY = d.Explanation(candidates=(A17, B03, C20), hold=HOLD, need=BILLING, relaxations=("shift_end",))


def test_an_offer_tells_of_the_chosen_the_runners_up_and_the_one_not_waited_for() -> None:
    assert describe(d.Offered(agent_id="A17", explanation=WHY)) == (
        "offered to A17: resolves 0.84 (billing .86 x authority .98), talk 212 s, price 0.41/s; B03 0.71 (71 worse); "
        "C20 0.90 but free in about 48 s (holding costs 310 against a gain of 72); relaxed: shift ends"
    )


def test_a_chance_over_several_topics_names_them() -> None:
    weights = {"billing": 0.6, "refund": 0.3, "delivery": 0.1}
    need = d.Need(topics=tuple([TopicWeight(topic_id=name, weight=part) for name, part in weights.items()]))

    words = describe(d.Offered(agent_id="A17", explanation=d.Explanation(candidates=(A17,), need=need)))

    assert "(billing/refund .86 x authority .98)" in words


def test_a_held_contact_tells_for_whom_and_for_how_long() -> None:
    hold = replace(HOLD, held=True, hold_cost=252, waiting_cost=12)
    event = d.ContactQueued(
        queue_id="calls",
        reason=d.WaitingReason.HELD_FOR_BETTER,
        explanation=replace(WHY, candidates=(A17, C20), hold=hold, relaxations=()),
    )

    assert describe(event) == (
        "waits in calls: held for a better agent; A17 0.84 is free; C20 0.90 but free in about 48 s "
        "(holding costs 12 against a gain of 72: held, 3 s waited of at most 20 s)"
    )


@pytest.mark.parametrize(
    ("hold", "words"),
    [
        (replace(HOLD, hold_cost=252, waiting_cost=12), ", but 3 s of at most 20 s are waited already"),
        (replace(HOLD, hold_cost=252, waiting_cost=12, cap_seconds=0), ", but this desk never holds"),
        (HOLD, ""),
    ],
)
def test_why_a_contact_was_not_held(hold: d.HoldTest, words: str) -> None:
    assert held(hold).endswith(f"against a gain of 72{words}")


def test_a_bounded_wait_for_the_preferred_agent_needs_no_gain() -> None:
    assert held(replace(HOLD, held=True)) == "held for the preferred agent, 3 s waited of at most 20 s"


def test_the_figures_name_policy_prices_and_noise() -> None:
    told = figures(
        d.Explanation(policy_version="r1", price_epoch=7, noise_seed=9, propensity=0.25, approver_free=0.61)
    )

    assert told == [
        "policy r1",
        "prices of epoch 7",
        "an approver is free with 0.61",
        "noise seed 9",
        "chosen with chance 0.25",
    ]


def test_the_figures_name_both_posteriors() -> None:
    estimated = d.Need(
        topics=(TopicWeight(topic_id="billing", weight=0.7), TopicWeight(topic_id="refund", weight=0.3)),
        levels=(d.NeedWeight(level=0, weight=0.6), d.NeedWeight(level=1, weight=0.4)),
    )
    known = d.Need(
        topics=(TopicWeight(topic_id="refund", weight=1.0),),
        levels=(d.NeedWeight(level=2, weight=1.0),),
        least_level=2,
        decision_type="refund",
        amount_minor=12_000,
        currency="EUR",
        known=True,
    )

    assert figures(d.Explanation(need=estimated)) == [
        "about billing .70, refund .30; needs level 0 .60, level 1 .40"
    ]
    assert figures(d.Explanation(need=known)) == [
        "about refund 1; needs a refund of 120.00 EUR, level 2 1, at least level 2"
    ]
    assert figures(d.Explanation(need=d.Need())) == ["about an unknown topic; needs no authority"]


def test_every_reason_of_the_closed_list_has_words() -> None:
    assert set(WAITS) == set(d.WaitingReason) - {d.WaitingReason.UNSPECIFIED}


def printed(text: str) -> tuple[float, list[float]]:
    """The score and the terms, as somebody who reads them would add them up."""
    score, _, parts = text.partition(" = ")
    found = re.findall(r"(^|[+-] ?)?[a-z ]+ ([0-9.]+)", parts)
    return float(score), [-float(value) if sign.startswith("-") else float(value) for sign, value in found]


CONTACTS = st.tuples(
    st.sampled_from([call, chat, email]),
    st.sampled_from(["billing", "delivery", "refund"]),
    st.sampled_from([None, 0, 40, 120, 400]),
    st.booleans(),
    st.sampled_from(["", "A0", "A1"]),
    st.integers(0, 2 * HOUR),
)


def busy_day(
    contacts: list[tuple[Any, str, int | None, bool, str, int]],
    limits: list[int | None],
    speeds: list[float],
    skills: list[float],
) -> World:
    """A desk whose people differ; one's shift ends early; contacts are taken as they are offered, some resolved."""
    people = [
        agent(f"A{i}", refund=limits[i], speed=speeds[i], billing=skills[i]) for i in range(len(limits))
    ]
    world = World(desk(*people))
    world.tell(AgentSignedIn(agent_id="A0", shift_ends_at_ms=world.now_ms + HOUR))
    world.sign_in(*[one.agent_id for one in people[1:]])
    for number, (kind, topic, amount, complaint, preferred, later) in enumerate(contacts):
        world.wait(later)
        wanted = None if amount is None else refund(amount)
        name = f"c{number}"
        world.tell(kind(name, topic, wanted=wanted, complaint=complaint, preferred_agent_id=preferred))
        if world.contact(name).offer_id and number % 3:
            world.accept(name)
        world.wait(MINUTE // 3)
    return world


def explanations(world: World) -> list[d.Explanation]:
    events = [event for record in world.records for event in record.events]
    found = [getattr(event, "explanation", None) for event in events]
    return [one for one in found if one is not None]


@settings(max_examples=60, deadline=None)
@given(
    contacts=st.lists(CONTACTS, min_size=1, max_size=10),
    limits=st.lists(st.sampled_from([None, 50, 150, 500]), min_size=3, max_size=6),
    speeds=st.lists(st.floats(0.5, 2.0), min_size=6, max_size=6),
    skills=st.lists(st.floats(0.05, 0.98), min_size=6, max_size=6),
)
def test_the_printed_terms_sum_to_the_printed_score(
    contacts: list[tuple[Any, str, int | None, bool, str, int]],
    limits: list[int | None],
    speeds: list[float],
    skills: list[float],
) -> None:
    explained = explanations(busy_day(contacts, limits, speeds, skills))

    assert explained
    for candidate in [candidate for one in explained for candidate in one.candidates]:
        score, parts = printed(terms(candidate))
        assert score == pytest.approx(candidate.score, abs=1e-6)
        assert sum(parts) == pytest.approx(score, abs=1e-6)
        assert len(parts) == len(candidate.terms)


def test_everybody_is_weighed_or_left_out_by_one_rule() -> None:
    """C speaks no English, D is not there, B's shift ends too soon, A is free, E is on a call."""
    people = [agent("A"), agent("B"), agent("C", languages="de"), agent("D"), agent("E", billing=0.99)]
    world = World(desk(*people))
    world.sign_in("E")
    world.give(call("with"))
    world.sign_in("A", "C")
    world.tell(AgentSignedIn(agent_id="B", shift_ends_at_ms=world.now_ms + MINUTE))

    told = only(world.tell(call("c")), d.Offered)

    assert (told.agent_id, told.explanation.weighed) == ("A", 1)
    assert {one.rule: one.agents for one in told.explanation.exclusions} == {
        "language": 1,
        "presence": 1,
        "capacity": 1,
        "shift_end": 1,
    }
    assert "1 ends its shift too soon" in describe(told)


def test_who_is_kept_in_reserve_is_not_called_busy() -> None:
    """Of 20 agents 17 are on calls and one has a message; the two idle ones and it have room, and are kept."""
    people = [agent(f"A{number:02}") for number in range(20)]
    world = World(desk(*people))
    world.sign_in(*[one.agent_id for one in people])
    for number in range(17):
        world.give(call(f"with{number}"))
    world.give(chat("first"))

    told = only(world.tell(chat("second")), d.ContactQueued)

    assert describe(told) == (
        "waits in rest: the free agents are kept for live contacts; 17 are busy, 3 are kept for live contacts"
    )
