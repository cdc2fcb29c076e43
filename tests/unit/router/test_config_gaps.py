"""What a configuration without faults leaves nobody for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.contract.desk import Agent, AuthorityRule, Desk, Grant, Queue, Topic
from services.router.desks.faults import CHANNELS, faults
from services.router.desks.gaps import gaps

ANA = Agent(
    agent_id="ana",
    topic_ids=("billing",),
    languages=("de", "en"),
    grants=(Grant(decision_type="refund", unlimited=True),),
    capacity_units=100,
)
DESK = Desk(
    desk_id="acme",
    topics=(Topic(topic_id="billing"),),
    queues=(Queue(queue_id="all"),),
    authority=(AuthorityRule(decision_type="refund", currency="EUR", limits_minor=(0, 5_000)),),
    agents=(ANA,),
)
BOR = replace(ANA, agent_id="bor", languages=("sl",))
SOME = Grant(decision_type="refund", limit_minor=5_000, currency="EUR")


def told(desk: Desk) -> list[str]:
    assert faults(desk) == []
    return [str(gap) for gap in gaps(desk)]


def test_a_desk_that_serves_all_that_it_speaks_of_has_none() -> None:
    assert told(DESK) == []


@pytest.mark.parametrize(
    ("desk", "gap"),
    [
        (
            replace(DESK, topics=(*DESK.topics, Topic(topic_id="roaming"))),
            "topics[roaming]: nobody is certified for it; whoever speaks the language takes it",
        ),
        (
            replace(
                DESK, topics=(*DESK.topics, Topic(topic_id="fee")), agents=(ANA, replace(BOR, topic_ids=("fee",)))
            ),
            "topics[fee]: nobody certified speaks de, en; who does takes it without a certificate",
        ),
        (
            replace(DESK, queues=(Queue(queue_id="calls", channels=("phone",)), Queue(queue_id="mails", channels=("email",)))),
            "queues[mails]: takes all that no queue names, for it is the last; let one take everything",
        ),
        (
            replace(DESK, agents=(replace(ANA, grants=(SOME,)),)),
            "authority[0].limits_minor: nobody may decide a refund over 50.00 EUR; what needs more goes to those who may not",
        ),
        (
            replace(DESK, agents=(ANA, replace(ANA, agent_id="bor", languages=("en", "sl"), grants=(SOME,)))),
            "authority[0].limits_minor: nobody who speaks sl may decide a refund over 50.00 EUR, others may",
        ),
        (
            replace(DESK, agents=(ANA, replace(ANA, agent_id="bor", languages=("en", "hr")))),
            "agents[bor].languages: contacts in 'hr' come as 'sr'; add that",
        ),
        (
            replace(DESK, agents=(replace(ANA, grants=(*ANA.grants, replace(SOME, decision_type="refnd"))),)),
            "agents[ana].grants[1].decision_type: 'refnd' has no row under authority; did you mean 'refund'?",
        ),
        (
            replace(DESK, agents=(replace(ANA, grants=(*ANA.grants, replace(SOME, decision_type="goodwill"))),)),
            "agents[ana].grants[1].decision_type: 'goodwill' has no row under authority; it counts for approvals only",
        ),
        (
            replace(DESK, agents=(replace(ANA, grants=(*ANA.grants, replace(SOME, currency="USD"))),)),
            "agents[ana].grants[1].currency: no row under authority for 'refund' is in USD, only in EUR",
        ),
        (
            replace(DESK, agents=(ANA, replace(ANA, agent_id="bor", topic_ids=()))),
            "agents: certified for nothing: bor; they get approvals, and contacts that nobody certified can take",
        ),
    ],
    ids=lambda value: "" if isinstance(value, Desk) else value.partition(":")[0],
)  # fmt: skip
def test_each_gap_is_told_by_its_place(desk: Desk, gap: str) -> None:
    assert gap in told(desk)


def test_a_fall_back_whose_people_speak_the_language_fills_the_gap() -> None:
    fee = Topic(topic_id="fee", falls_back_to="billing")
    both = replace(DESK, topics=(*DESK.topics, fee), agents=(ANA, replace(BOR, topic_ids=("fee", "billing"))))

    assert told(both) == []


def test_queues_that_take_every_channel_between_them_leave_nothing() -> None:
    queues = tuple(Queue(queue_id=channel, channels=(channel,)) for channel in CHANNELS)

    assert told(replace(DESK, queues=queues)) == []


def test_of_many_names_the_first_few_are_told() -> None:
    idle = tuple(replace(ANA, agent_id=f"i{number}", topic_ids=()) for number in range(7))

    assert told(replace(DESK, agents=(ANA, *idle))) == [
        "agents: certified for nothing: i0, i1, i2, i3, i4 and 2 more; they get approvals, "
        "and contacts that nobody certified can take"
    ]
