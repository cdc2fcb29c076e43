"""Heads as columns: the same choice as asking them one by one, whatever came, left, signed in or went."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from services.contract import facts as f
from services.contract.desk import DeskPolicy
from services.contract.facts import Presence, TopicWeight
from services.router.board import Board
from services.router.crew import Crew
from services.router.eligibility import AVAILABLE
from services.router.model import changed
from services.router.picking import next_pick
from services.router.policy.patience import NO_WAITS, Waits, fitted
from services.router.sums import NEARLY_MICRO
from tests.unit.router.world import HOUR, SECOND, World, agent, call, chat, desk, email, refund

NEVER = 10**9


def busy_world(rng: random.Random) -> World:
    """Thirty agents of all kinds, twenty of them at work."""
    people = [
        agent(
            f"A{number:02}",
            " ".join(rng.sample(["billing", "delivery", "refund"], rng.randint(1, 2))),
            rng.choice(["en", "de", "en de"]),
            rng.choice([None, 50, 150, 500]),
            speed=round(rng.uniform(0.7, 1.4), 2),
            billing=round(rng.uniform(0.4, 0.95), 2),
            delivery=round(rng.uniform(0.4, 0.95), 2),
        )
        for number in range(30)
    ]
    world = World(replace(desk(*people), policy=DeskPolicy(interrupt_email=rng.randint(0, 1))))
    world.sign_in(*[f"A{number:02}" for number in range(20)])
    return world


def something(world: World, rng: random.Random, number: int) -> None:
    """One more contact, a change of presence, an end, or time that passes."""
    name = f"c{number}"
    turn = rng.random()
    if turn < 0.6:
        share = rng.choice([1.0, 0.9, 0.7])
        first, second = rng.sample(["billing", "delivery", "refund"], 2)
        topics = (TopicWeight(topic_id=first, weight=share), TopicWeight(topic_id=second, weight=1 - share))
        make: Any = rng.choice([call, call, email, chat])
        body = make(
            name,
            topics=rng.choice([topics, topics, ()]),
            language=rng.choice(["en", "de", "", "te"]),
            wanted=rng.choice([None, None, refund(rng.choice([20, 100, 400, 900]))]),
            complaint=rng.random() < 0.3,
            urgent=rng.random() < 0.2,
            preferred_agent_id=rng.choice(["", "", "A03"]),
            tier="" if number % 3 else "loyal",
        )
        world.tell(body)
        if world.contact(name).offer_id:
            (world.accept if rng.random() < 0.8 else world.decline)(name)
    elif turn < 0.75:
        presence = rng.choice([Presence.AVAILABLE, Presence.BREAK, Presence.OFFLINE])
        world.tell(f.AgentStateChanged(agent_id=f"A{rng.randrange(30):02}", presence=presence))
    elif turn < 0.9:
        held = [one for one in world.desk.agents.values() if one.contact_ids]
        contact_id = min(held, key=lambda one: one.agent_id).contact_ids[0] if held else ""
        if contact_id and world.contact(contact_id).state.name == "ASSIGNED":
            world.resolve(contact_id)
    else:
        world.wait(rng.choice([SECOND, 30 * SECOND, 3_000 * SECOND]))


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("seed", range(4))
def test_columns_choose_what_asking_one_by_one_chooses(seed: int) -> None:
    rng = random.Random(seed)
    world = busy_world(rng)
    compared = 0
    for number in range(160):
        something(world, rng, number)
        for agent_id in rng.sample(sorted(world.desk.agents), 4):
            free = changed(world.desk.agents[agent_id], used_units=0, soft_units=0)
            there = changed(world.desk, agents=world.desk.agents.set(agent_id, free))
            at_once = next_pick(there, agent_id, world.now_ms, classes_min=0)
            assert at_once == next_pick(there, agent_id, world.now_ms, classes_min=NEVER)
            if at_once is not None:
                compared += 1
                out = {at_once.contact_id}
                second = next_pick(there, agent_id, world.now_ms, left_out=out, classes_min=0)
                assert second == next_pick(there, agent_id, world.now_ms, left_out=out, classes_min=NEVER)
    assert compared > 100


@pytest.mark.usefixtures("way")
def test_columns_read_the_patience_of_each_tier_as_asking_one_by_one_does() -> None:
    rng = random.Random(11)
    world = busy_world(rng)
    for number in range(120):
        something(world, rng, number)
        world.tell(call(f"t{number}", tier=rng.choice(["", "loyal"])))
    waits = [
        Waits(600, (0, 10, gone, 590 - gone, *NO_WAITS.left[4:]), (0, 0, 0, 0, 900, *NO_WAITS.answered[5:]))
        for gone in (20, 500)
    ]
    beliefs = replace(world.desk.crew.beliefs, patience=(fitted(waits[0]), fitted(waits[1])))
    fit = changed(world.desk, crew=world.desk.crew.with_beliefs(beliefs))
    for agent_id in sorted(fit.agents):
        free = changed(fit.agents[agent_id], used_units=0, soft_units=0)
        there = changed(fit, agents=fit.agents.set(agent_id, free))
        for now_ms in (world.now_ms, world.now_ms + 8 * SECOND):
            at_once = next_pick(there, agent_id, now_ms, classes_min=0)
            assert at_once == next_pick(there, agent_id, now_ms, classes_min=NEVER)
    assert all(beliefs.patience)


@pytest.mark.usefixtures("way")
def test_columns_find_their_way_back_to_another_branch() -> None:
    """Two states with a common past are asked in turn."""
    rng = random.Random(7)
    world = busy_world(rng)
    for number in range(80):
        something(world, rng, number)
    before = world.desk
    for number in range(80, 120):
        something(world, rng, number)
    for state in (before, world.desk, before):
        for agent_id in sorted(state.agents):
            free = changed(state.agents[agent_id], used_units=0, soft_units=0)
            there = changed(state, agents=state.agents.set(agent_id, free))
            assert next_pick(there, agent_id, world.now_ms, classes_min=0) == next_pick(
                there, agent_id, world.now_ms, classes_min=NEVER
            )


def test_who_leaves_soon_gets_mail_that_fits_where_no_call_does() -> None:
    """1.5 times 300 s of a refund are over the 420 s left, 1.5 times 200 s of billing are not."""
    world = World(desk(agent("A"), agent("B")))
    world.tell(f.AgentSignedIn(agent_id="B", shift_ends_at_ms=world.now_ms + 9 * HOUR))
    world.give(call("with B"))
    world.tell(f.AgentSignedIn(agent_id="A", shift_ends_at_ms=world.now_ms + 420 * SECOND))
    world.give(call("with A"))
    world.tell(call("live", topic="refund"))
    world.tell(email("mail"))
    free = changed(world.desk.agents["A"], used_units=0)
    there = changed(world.desk, agents=world.desk.agents.set("A", free))

    for classes_min in (0, NEVER):
        pick = next_pick(there, "A", world.now_ms, classes_min=classes_min)
        assert pick is not None and pick.contact_id == "mail"


@pytest.mark.usefixtures("way")
def test_columns_forget_those_who_left_when_nearly_all_of_1500_like_agents_have() -> None:
    """Each leaver's cost is whole micro-cs, the sum it is taken from is not: what is over is divided by who stays."""
    like = agent("A0000", "billing", "en de", speed=0.91, billing=0.7123456789123)
    world = World(desk(*[replace(like, agent_id=f"A{number:04}") for number in range(1_500)]))
    world.sign_in("A0000")
    world.give(call("held"))
    world.tell(call("z", language="en"))
    free = changed(world.desk.agents["A0000"], used_units=0)
    crew = Crew(world.desk.crew.roster, np.full(1_500, AVAILABLE, np.int8))
    crowd = changed(world.desk, crew=crew, agents=world.desk.agents.set("A0000", free))
    assert next_pick(crowd, "A0000", world.now_ms, classes_min=0) is not None

    for number in range(1_499, 0, -1):
        crew = crew.with_presence(f"A{number:04}", Presence.OFFLINE)
        next_pick(changed(crowd, crew=crew), "A0000", world.now_ms, classes_min=0)
    world.tell(call("a", language="de"))  # worth as much as z, and first by its name
    alone = changed(world.desk, crew=crew, agents=world.desk.agents.set("A0000", free))

    board = alone.crew.ledger.board(alone.crew)
    at_once = next_pick(alone, "A0000", world.now_ms, classes_min=0)
    row = board.row_of(world.contact("z").lane)
    assert abs(board.mean[row] - board.mean_of(row)) < NEARLY_MICRO
    assert at_once == next_pick(alone, "A0000", world.now_ms, classes_min=NEVER)
    assert at_once is not None and at_once.contact_id == "a"


COLUMNS = "since base key weight consult failure seconds parts shares decision covers units plain count rate_sum mean"


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("seed", range(3))
def test_columns_under_new_beliefs_and_prices_are_those_that_are_made_anew(seed: int) -> None:
    """What was there before is taken over; heads that changed meanwhile, and who came and went, are brought up to date."""
    rng, some = random.Random(seed), np.random.default_rng(seed)
    world = busy_world(rng)
    for number in range(120):
        something(world, rng, number)
    before = world.desk
    former = before.crew.ledger.board(before.crew)
    former.sync(before)
    for number in range(120, 120 + 10 * seed):
        something(world, rng, number)
    crew, count = world.desk.crew, 30
    beliefs = replace(
        crew.beliefs,
        resolves=tuple(some.uniform(0.4, 0.95, count) for _ in crew.beliefs.resolves),
        speed=some.uniform(0.7, 1.4, count),
        handle_seconds=some.uniform(100.0, 500.0, len(crew.beliefs.handle_seconds)),
        approver_free=0.4,
    )
    tariff = replace(crew.tariff, of_agent=some.uniform(0.0, 2.0, count), highest=2.0)
    there = changed(world.desk, crew=crew.with_beliefs(beliefs).with_tariff(tariff))
    anew = Board(there.crew)
    anew.sync(there)
    means = anew.mean.copy()
    for row in range(len(anew.works)):  # one by one they are what they are at once
        anew._sum(row, anew.grounds[row])
    assert np.array_equal(anew.mean, means)
    over = there.crew.ledger.board(there.crew)
    over.sync(there)
    assert over is not former and len(anew.works) > 20
    assert {over.works[row] for row in over.odd} == {anew.works[row] for row in anew.odd}
    for row, work in enumerate(anew.works):
        same = over.row_of(work)
        assert over.heads[same] == anew.heads[row]
        for name in COLUMNS.split():
            mine, theirs = getattr(over, name)[same], getattr(anew, name)[row]
            if name == "key":
                mine, theirs = over.waiting[mine], anew.waiting[theirs]
            elif name == "decision":
                mine, theirs = over._decision_of(same), anew._decision_of(row)
            assert np.array_equal(mine, theirs), (name, work)
    for agent_id in sorted(there.agents):
        free = changed(there.agents[agent_id], used_units=0, soft_units=0)
        asked = changed(there, agents=there.agents.set(agent_id, free))
        at_once = next_pick(asked, agent_id, world.now_ms, classes_min=0)
        assert at_once == next_pick(asked, agent_id, world.now_ms, classes_min=NEVER)


def test_columns_of_heads_that_are_gone_are_not_taken_over() -> None:
    world = World(desk(agent("A"), agent("B")))
    world.sign_in("A")
    world.give(call("held"))
    world.tell(call("a"))
    world.tell(call("b", language="de"))
    former = world.desk.crew.ledger.board(world.desk.crew)
    former.sync(world.desk)
    world.tell(f.CallerHungUp(contact_id="a"))
    former.sync(world.desk)
    assert len(former.works) == 2
    crew = world.desk.crew.with_beliefs(world.desk.crew.beliefs)
    assert [crew.ledger.board(crew).heads[0], len(crew.ledger.board(crew).works)] == ["b", 1]
