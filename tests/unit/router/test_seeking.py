"""Searching without a scan finds what a scan of everybody finds, whatever came, left, signed in or went."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from services.contract import facts as f
from services.contract.desk import DeskPolicy
from services.contract.facts import Presence
from services.router.model import Contact, ContactState, DeskState, changed
from services.router.policy.tariff import Tariff
from services.router.seeking import compare, search
from tests.unit.router.full_scan import compared, of_search, scanned
from tests.unit.router.test_board import something
from tests.unit.router.world import HOUR, World, agent, desk

AGENTS = 150
"""More than are weighed one by one, and more busy ones than a hold test looks at."""


def crowd(rng: random.Random, policy: DeskPolicy | None = None) -> World:
    """Most of them at work; some of a team are alike, so that costs are equal to the last digit. A policy is drawn if none
    is given.
    """
    people = [
        agent(
            f"A{number:03}",
            " ".join(rng.sample(["billing", "delivery", "refund"], rng.randint(1, 3))),
            rng.choice(["en", "en", "de", "en de"]),
            rng.choice([None, 50, 150, 500]),
            speed=rng.choice([1.0, 1.0, round(rng.uniform(0.7, 1.4), 3)]),
            billing=rng.choice([0.8, 0.8, round(rng.uniform(0.4, 0.95), 3)]),
            delivery=rng.choice([0.8, round(rng.uniform(0.4, 0.95), 3)]),
        )
        for number in range(AGENTS)
    ]
    drawn = DeskPolicy(interrupt_email=rng.randint(0, 1), shift_end_factor=rng.choice([0.0, 1.5]))
    world = World(replace(desk(*people), policy=policy or drawn))
    for one in people[: AGENTS - 10]:
        ends_ms = world.now_ms + rng.choice([0, HOUR // 10, 9 * HOUR]) if rng.random() < 0.5 else 0
        world.tell(f.AgentSignedIn(agent_id=one.agent_id, shift_ends_at_ms=ends_ms))
    return world


def loaded(state: DeskState, rng: random.Random, free_share: float) -> DeskState:
    """The same desk with other loads: most agents busy, some with room beside what they hold, some idle."""
    agents = state.agents
    for agent_id in sorted(agents):
        used = 0 if rng.random() < free_share else rng.choice([20, 50, 80, 100, 100, 100])
        soft = rng.choice([0, used]) if used == 50 else 0
        idle_ms = agents[agent_id].idle_since_ms - rng.choice([0, 1_000, 60_000])
        agents = agents.set(
            agent_id,
            changed(agents[agent_id], used_units=used, soft_units=soft, idle_since_ms=idle_ms),
        )
    prices = np.array([rng.choice([0.0, 0.2, round(rng.random(), 3)]) for _ in range(len(agents))])
    tariff = Tariff(1, prices, float(prices.max())) if rng.random() < 0.5 else state.crew.roster.free_tariff()
    return changed(state, agents=agents, crew=state.crew.with_tariff(tariff))


def as_it_comes(contact: Contact, state: DeskState, rng: random.Random) -> Contact:
    """It arrives, or comes back: with an owner lost or kept, wishes, decliners."""
    people = sorted(state.agents)
    opened = contact.opened
    if rng.random() < 0.3:
        opened = replace(opened, preferred_agent_id=rng.choice(people))
    return changed(
        contact,
        opened=opened,
        lane=contact.lane if contact.state is ContactState.QUEUED and rng.random() < 0.5 else None,
        owner_id="",
        last_owner_id=rng.choice(["", "", rng.choice(people)]),
        owner_kept=rng.random() < 0.5,
        decliner_ids=tuple(rng.sample(people, 2)) if rng.random() < 0.2 else (),
        prior_agent_ids=tuple(rng.sample(people, 2)) if rng.random() < 0.2 else (),
    )


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("seed", range(4))
def test_a_search_finds_what_a_scan_of_everybody_finds(seed: int) -> None:
    rng = random.Random(seed)
    world = crowd(rng)
    reasons, holds, told = set(), 0, 0
    for number in range(60):
        something(world, rng, number)
        if not world.desk.contacts:
            continue
        state = loaded(world.desk, rng, rng.choice([0.0, 0.02, 0.3, 1.0]))
        now_ms = world.now_ms + rng.choice([0, 5_000, 200_000])
        for contact_id in rng.sample(sorted(state.contacts), min(6, len(state.contacts))):
            contact = as_it_comes(state.contacts[contact_id], state, rng)
            but = rng.choice(["", rng.choice(sorted(state.agents))])
            found = of_search(state, search(state, contact, now_ms, but=but))
            assert found == scanned(state, contact, now_ms, but=but)
            reasons.add(found.reason.name)
            holds, told = holds + bool(found.hold), told + 1
    assert told > 200
    assert holds > 5
    assert {"UNSPECIFIED", "HELD_FOR_BETTER", "ALL_BUSY"} <= reasons


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("seed", range(3))
def test_a_freed_agent_is_compared_as_in_a_scan_of_everybody(seed: int) -> None:
    rng = random.Random(100 + seed)
    world = crowd(rng)
    holds = 0
    for number in range(60):
        something(world, rng, number)
        if not world.desk.contacts:
            continue
        state = loaded(world.desk, rng, rng.choice([0.0, 0.02, 0.3]))
        for contact_id in rng.sample(sorted(state.contacts), min(6, len(state.contacts))):
            contact = changed(state.contacts[contact_id], owner_id="")
            pool = state.crew.pool(contact.lane) if contact.lane is not None else None
            if pool is None or not len(pool.at):
                continue
            agent_id, may_hold = rng.choice(pool.there.agent_ids), rng.random() < 0.8
            found = of_search(state, compare(state, contact, agent_id, world.now_ms, may_hold=may_hold))
            assert found == compared(state, contact, agent_id, world.now_ms, may_hold=may_hold)
            holds += bool(found.hold)
    assert holds > 5


def test_those_with_room_are_kept_as_agents_come_go_and_work() -> None:
    rng = random.Random(5)
    world = crowd(rng)
    for number in range(200):
        something(world, rng, number)
        agents, roster = world.desk.agents, world.desk.crew.roster
        expected = [
            roster.seats.index[one.agent_id]
            for one in agents.values()
            if one.presence is Presence.AVAILABLE
            and one.used_units - one.soft_units < roster.agents[one.agent_id].capacity_units
        ]
        assert agents.roomy.tolist() == sorted(expected)
