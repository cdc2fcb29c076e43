"""What a contact needs, and what agents reach: levels, posteriors, covers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contract.decisions import Need, NeedWeight
from services.contract.desk import Agent, Desk, Grant, Topic
from services.contract.facts import ContactArrived, DecisionWanted, TopicWeight
from services.router.authority import covers, needed_level, reached_level
from services.router.need import NEEDS_REMEMBERED_MAX, Seen, certificates, need_of, with_level
from services.router.policy.levels import Levels
from services.router.policy.settings import DEFAULTS
from services.router.roster import Roster
from tests.unit.router.world import agent, desk, email, refund

DESK = desk(agent("A"))
ROSTER = Roster(DESK)


@pytest.mark.parametrize(
    ("amount", "level"), [(0, 0), (1, 1), (50, 1), (51, 2), (150, 2), (500, 3), (501, 4)]
)
def test_the_least_level_whose_limit_covers(amount: int, level: int) -> None:
    """Above the top stands the manager's level."""
    assert needed_level(DESK, "refund", "EUR", amount * 100) == level


def test_a_currency_without_limits_needs_the_manager() -> None:
    assert needed_level(DESK, "refund", "USD", 1) == 1
    assert reached_level(DESK, agent("A", refund=500), "refund", "USD") == 0
    assert reached_level(DESK, agent("A", unlimited=True), "refund", "USD") == 1


@pytest.mark.parametrize(("limit", "level"), [(None, 0), (49, 0), (50, 1), (149, 1), (150, 2), (9_999, 3)])
def test_a_grant_between_two_limits_counts_for_the_lower(limit: int | None, level: int) -> None:
    assert reached_level(DESK, agent("A", refund=limit), "refund", "EUR") == level


def test_only_an_explicit_unlimited_reaches_the_manager() -> None:
    assert reached_level(DESK, agent("A", unlimited=True), "refund", "EUR") == 4
    nothing_said = Agent(grants=(Grant(decision_type="refund", currency="EUR"),))
    assert reached_level(DESK, nothing_said, "refund", "EUR") == 0


@pytest.mark.parametrize(
    ("who", "amount", "currency", "may"),
    [
        (agent("A", refund=80), 80, "EUR", True),
        (agent("A", refund=80), 81, "EUR", False),
        (agent("A", refund=80), 80, "USD", False),
        (agent("A", unlimited=True), 99_999, "USD", True),
        (agent("A"), 0, "EUR", True),  # level 0 needs no grant
        (agent("A"), 1, "EUR", False),
    ],
)
def test_covers_to_the_minor_unit(who: Agent, amount: int, currency: str, may: bool) -> None:
    wanted = DecisionWanted(decision_type="refund", amount_minor=amount * 100, currency=currency)
    assert covers(DESK, who, wanted) is may


def test_a_stated_decision_is_known() -> None:
    need = need_of(ROSTER, email("c", "refund", wanted=refund(180)))

    assert (need.known, need.least_level, need.amount_minor) == (True, 3, 18_000)
    assert need.levels == (NeedWeight(level=3, weight=1.0),)


def test_an_unstated_decision_is_estimated_from_the_topic() -> None:
    need = need_of(ROSTER, email("c", "refund"))

    assert not need.known
    assert need.least_level == 0
    assert [part.weight for part in need.levels] == [0.4, 0.3, 0.2, 0.1]


def test_a_complaint_shifts_the_need_up() -> None:
    """A quarter of each level's chance moves one up: .4 .3 .2 .1 -> .3 .325 .225 .15."""
    need = need_of(ROSTER, email("c", "refund", complaint=True))

    assert [part.weight for part in need.levels] == [0.3, 0.325, 0.225, 0.15]


def test_levels_mix_over_topics() -> None:
    """Half billing (level 0 for certain), half refund: .5 + .5 x .4 = .7 for level 0."""
    topics = (TopicWeight(topic_id="refund", weight=0.5), TopicWeight(topic_id="billing", weight=0.5))
    need = need_of(ROSTER, ContactArrived(topics=topics))

    assert [part.weight for part in need.levels] == [0.7, 0.15, 0.1, 0.05]


def test_unknown_topics_are_left_out_and_the_rest_sums_to_one() -> None:
    topics = (TopicWeight(topic_id="billing", weight=0.3), TopicWeight(topic_id="moon", weight=0.7))
    need = need_of(ROSTER, ContactArrived(topics=topics))

    assert need.topics == (TopicWeight(topic_id="billing", weight=1.0),)


@pytest.mark.parametrize(
    ("weights", "counted"),
    [((0.8, 0.2), ("billing", "refund")), ((0.9, 0.1), ("billing",)), ((), ())],
)
def test_certificates_count_from_fifteen_percent(
    weights: tuple[float, ...], counted: tuple[str, ...]
) -> None:
    pairs = zip(("billing", "refund"), weights, strict=False)
    need = Need(topics=tuple(TopicWeight(topic_id=topic, weight=weight) for topic, weight in pairs))

    assert certificates(need, DEFAULTS.topic_weight_min) == counted


def test_a_level_that_fell_short_is_ruled_out() -> None:
    """Level 0 failed: .3 .2 .1 of .6 are left for levels 1, 2 and 3."""
    need = with_level(need_of(ROSTER, email("c", "refund")), 1)

    assert (need.least_level, need.known) == (1, True)
    assert [part.weight for part in need.levels] == [0.5, 0.333333, 0.166667]


def test_a_topic_may_have_priors_of_its_own_for_complaints() -> None:
    topic = Topic(topic_id="t", level_priors=(0.9, 0.1), complaint_level_priors=(0.3, 0.7))
    roster = Roster(Desk(topics=(topic,)))
    seen = (TopicWeight(topic_id="t", weight=1.0),)
    assert [part.weight for part in need_of(roster, ContactArrived(topics=seen)).levels] == [0.9, 0.1]
    complaint = need_of(roster, ContactArrived(topics=seen, complaint=True))
    assert [part.weight for part in complaint.levels] == [0.3, 0.7]


TOLD = st.lists(
    st.builds(
        TopicWeight,
        topic_id=st.sampled_from(["billing", "delivery", "refund", "unheard of"]),
        weight=st.sampled_from([0.0, 0.25, 0.5, 1.0]) | st.floats(0.01, 1.0),
    ),
    max_size=10,
)


@given(told=TOLD, complaint=st.booleans(), worded=st.booleans())
def test_a_need_that_is_remembered_is_that_which_is_found(
    told: list[TopicWeight], complaint: bool, worded: bool
) -> None:
    body = replace(
        email("m", topics=tuple(told), complaint=complaint), decision_wanted=refund(120) if worded else None
    )
    found = need_of(Roster(DESK), body)

    assert need_of(ROSTER, body) == found
    assert need_of(ROSTER, body) == found
    assert len(ROSTER.needs) <= NEEDS_REMEMBERED_MAX


def test_what_results_say_of_needs_is_asked_anew() -> None:
    roster, body = Roster(DESK), email("m", "refund")
    before = need_of(roster, body)
    levels = Levels()
    for _ in range(40):
        levels = levels.after("refund", 3, None, 1, complaint=False, expected=0.5)

    assert need_of(roster, body, Seen(levels, 1)) != before
    assert need_of(roster, body) == before
