"""Any configuration is put in force whole or refused whole: no desk, however odd, gets half way."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.contract import codec
from services.contract.decisions import FactRejected
from services.contract.desk import (
    Agent,
    AuthorityRule,
    Desk,
    DeskLimits,
    DeskPolicy,
    Grant,
    MentionRule,
    Queue,
    Skill,
    Topic,
)
from services.contract.facts import AgentSignedIn, DeskConfigured
from services.router.desks.faults import faults
from services.router.policy.settings import DEFAULTS, SETTINGS
from tests.unit.router.world import MINUTE, World, agent, call, chat, desk, email, names, reply

GOOD = desk(agent("A", refund=50), agent("B", unlimited=True))


def some(strategy: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, max_size=most).map(tuple)


def of(odd: bool, good: list[Any], bad: list[Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from(good + bad if odd else good)


def parts(odd: bool) -> dict[str, st.SearchStrategy[Any]]:
    """What may stand in a part of the desk; with odd values among them, or with good ones only."""
    known = of(odd, ["billing", "delivery", "refund"], ["moon", "", "x" * 101])
    ids = of(odd, ["one", "two", "three", "four"], ["billing", "", "x" * 101])
    kinds = of(odd, ["refund"], ["moon", ""])
    codes = of(odd, ["en", "de"], ["English", ""])
    currencies = of(odd, ["EUR", "USD"], ["euro", ""])
    chances = of(odd, [0.0, 0.3, 1.0], [1.5, -1.0, float("nan"), float("inf")])
    priors = of(odd, [(), (1.0,), (0.5, 0.5)], [(0.5,), (float("nan"),), (-1.0, 2.0), (1.0, *11 * (0.0,))])
    amounts = of(odd, [1, 5_000, 15_000], [0, -1])
    topics = st.builds(
        Topic,
        topic_id=ids,
        resolution_prior=chances,
        handle_seconds=of(odd, [0.0, 60.0], [-1.0, float("inf")]),
        level_priors=priors,
        decision_type=kinds | st.just(""),
        falls_back_to=known | st.just(""),
        complaint_level_priors=priors,
    )
    grants = st.builds(
        Grant, decision_type=kinds, limit_minor=amounts, currency=currencies, unlimited=st.booleans()
    )
    agents = st.builds(
        Agent,
        agent_id=ids,
        topic_ids=some(known),
        languages=some(codes) if odd else some(codes).map(lambda more: ("en", *more)),
        grants=some(grants, 1),
        capacity_units=of(odd, [20, 100, 250], [0, -1, 10**9]),
        speed_factor=of(odd, [0.0, 0.5, 2.0], [-1.0, 11.0, float("nan")]),
        skills=some(st.builds(Skill, topic_id=known, resolution=chances), 1),
    )
    limits = {
        part.name: st.just(0) | of(odd, [60_000, 3_600_000], [-1, 10**12])
        for part in dataclasses.fields(DeskLimits)
        if part.name.endswith("_ms")
    }
    policy = {
        name: st.none()
        | of(odd, [kind(said.low), kind(said.high)], [kind(said.low) - 1, kind(said.high) + 1])
        for name, said in SETTINGS.items()
        for kind in (type(getattr(DEFAULTS, name)),)
    }
    rules = st.builds(AuthorityRule, decision_type=ids, currency=currencies, limits_minor=some(amounts))
    mentions = st.builds(
        MentionRule,
        kinds=some(of(odd, ["mention", "review"], ["like"])),
        media=some(of(odd, ["facebook"], ["X!"])),
        languages=some(codes),
        topic_ids=some(known),
        stars_at_most=of(odd, [0.5, 5.0], [6.0, float("nan")]),
    )
    queue = st.builds(
        Queue, queue_id=ids, topic_ids=some(known), channels=some(of(odd, ["phone", "email"], ["fax"]))
    )
    return {
        "topics": some(topics, 2).map(lambda more: GOOD.topics + more),
        "queues": some(queue, 2).map(lambda more: more + GOOD.queues),
        "authority": some(rules, 1).map(lambda more: GOOD.authority + more),
        "agents": some(agents, 2).map(lambda more: GOOD.agents + more),
        "limits": st.builds(DeskLimits, **limits),
        "policy": st.builds(
            DeskPolicy, loyal_tiers=some(of(odd, ["loyal", "gold"], ["Gold!", ""])), **policy
        ),
        "mention_rules": some(mentions, 2),
    }


@st.composite
def desks(draw: st.DrawFn) -> Desk:
    """A good desk with some of its parts exchanged for others."""
    choices = parts(odd=draw(st.booleans()))
    chosen = draw(st.lists(st.sampled_from(sorted(choices)), max_size=3, unique=True))
    return replace(GOOD, **{name: draw(choices[name]) for name in chosen})


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(configured=desks())
def test_a_desk_is_in_force_whole_or_not_at_all(configured: Desk) -> None:
    found = faults(configured)
    world = World(GOOD)
    before = world.state.desks
    told = world.tell(DeskConfigured(desk=configured))

    if found:
        assert names(told) == ["FactRejected"]
        assert not reply(told).accepted and str(found[0]) in reply(told).detail
        assert world.state.desks == before
        return
    assert codec.from_message(codec.to_message(configured), Desk) == configured == world.desk.desk
    world.tell(AgentSignedIn(agent_id="A"))
    for body in (call("c"), call("d", complaint=True), email("m"), chat("s")):
        world.tell(body)
    world.tell(AgentSignedIn(agent_id="B"))
    world.wait(MINUTE)
    assert {"c", "d", "m", "s"} <= set(world.desk.contacts)
    assert not [
        event for record in world.records for event in record.events if isinstance(event, FactRejected)
    ]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(configured=desks())
def test_every_fault_names_a_place_that_there_is(configured: Desk) -> None:
    """The first name of a path is a field of the desk; so is the second one of what stands there."""
    fields = {part.name for part in dataclasses.fields(Desk)}
    for fault in faults(configured):
        first, _, rest = fault.path.partition(".")
        assert first.partition("[")[0] in fields, fault
        assert fault.text and not rest.startswith("."), fault
