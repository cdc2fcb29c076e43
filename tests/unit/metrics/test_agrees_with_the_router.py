"""What metrics follows from the log alone is what the router's own state says, and what an independent count finds."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.facts import Presence
from services.metrics.contact_measures import TRANSFERS, TRANSFERS_PER_CONTACT
from services.metrics.folds.totals import total, total_sum
from services.metrics.ledger import Ledger
from services.metrics.now import DeskNow, now_of
from services.router.model import AgentState, Contact, ContactState
from tests.properties import adversary
from tests.properties.adversary import ACTIONS, BUSY, big_desk
from tests.unit.metrics import exported, ground_truth
from tests.unit.metrics.test_exactness import text_of
from tests.unit.router import test_golden_log as golden
from tests.unit.router.world import DESK, HOUR, World

STEPS = 300
_WAITS = (ContactState.RECEIVED, ContactState.QUEUED, ContactState.OFFERED)
_AT_WORK = {
    Presence.AVAILABLE: "idle",
    Presence.BREAK: "break",
    Presence.NOT_READY: "not_ready",
    Presence.ENDING: "ending",
}


def play(seed: int) -> World:
    """A long run of an adversary against the real router's core."""
    rng = random.Random(seed)
    world = World(big_desk())
    world.sign_in(*adversary.AGENTS)
    choices = [(rng.choice(ACTIONS + BUSY), rng.randrange(8), rng.randrange(8)) for _ in range(STEPS)]
    adversary.run(world, choices, lambda: None)
    return world


def folded(world: World) -> Ledger:
    ledger = Ledger(3)
    for offset, record in enumerate(world.records):
        ledger.apply(offset, record)
    return ledger


def standing(world: World) -> DeskNow:
    return now_of(DESK, folded(world).live[DESK])


def open_contacts(world: World) -> list[Contact]:
    return [one for one in world.desk.contacts.values() if one.state is not ContactState.CLOSED]


def state_of(world: World, agent: AgentState) -> str:
    """The busiest thing that the router knows the agent to do."""
    held = [world.contact(contact_id) for contact_id in agent.contact_ids]
    talks = [one for one in held if one.state not in (ContactState.WRAPPING, ContactState.AWAITING_CUSTOMER)]
    if talks or agent.help_ids:
        return "contact"
    if any(one.state is ContactState.WRAPPING for one in held):
        return "wrapup"
    if agent.offer_ids:
        return "ringing"
    return _AT_WORK.get(agent.presence, "")


@pytest.mark.parametrize("seed", range(12))
def test_what_stands_now_is_what_the_router_says(seed: int) -> None:
    world = play(seed)
    now, contacts = standing(world), open_contacts(world)
    agents = Counter(state_of(world, agent) for agent in world.desk.agents.values())
    agents.pop("", None)

    assert now.states == Counter(one.state.name.lower() for one in contacts)
    assert sum(now.waiting.values()) == sum(one.state in _WAITS for one in contacts)
    assert {state: list(found) for state, found in now.deadlines_ms.items()} == {
        state.name.lower(): sorted(one.deadline_at_ms for one in contacts if one.state is state)
        for state in {one.state for one in contacts}
    }
    assert now.agents == agents
    assert now.overloaded == bool(world.desk.overload_since_ms)


@pytest.mark.parametrize("seed", range(12))
def test_every_sample_of_a_real_routers_log_equals_the_ground_truth(seed: int) -> None:
    world = play(seed)

    assert exported.samples(text_of(folded(world))) == ground_truth.samples(world.records, 3, window="other")


def test_hops_of_closed_contacts_are_the_same_by_both_measures() -> None:
    """Every hop is counted, also those from the queue (`Assigned.hop`); open contacts are closed first."""
    hops = from_queue = 0
    for seed in range(20):
        world = play(seed)
        for contact in open_contacts(world):
            world.tell(f.CallerHungUp(contact_id=contact.contact_id))
        for _ in range(40):
            world.sign_in(*adversary.AGENTS)
            for contact in open_contacts(world):
                if contact.offer_id:
                    world.accept(contact.contact_id)
            for contact in open_contacts(world):
                if contact.owner_id and contact.state is not ContactState.HANDING_OVER:
                    world.resolve(contact.contact_id)
            world.wait(HOUR)
        closed = {
            event.contact_id
            for record in world.records
            for event in record.events
            if isinstance(event, d.Resolved | d.Closed)
        }
        ledger = folded(world)
        moved = [
            event
            for record in world.records
            for event in record.events
            if isinstance(event, d.Transferred) or (isinstance(event, d.Assigned) and event.hop)
        ]
        assert {event.contact_id for event in moved} <= closed
        assert total(ledger.lifetime, TRANSFERS) == total_sum(ledger.lifetime, TRANSFERS_PER_CONTACT)
        hops += len(moved)
        from_queue += total(ledger.lifetime, TRANSFERS, kind="queue")

    assert hops > 20 and from_queue > 0  # the cases were reached


def test_a_log_that_an_earlier_version_wrote_gives_the_ground_truth_too() -> None:
    """Its contacts tell no target and no due time, so margins are those of call-backs alone."""
    world = golden.folded()
    told = exported.samples(text_of(folded(world)))

    assert told == ground_truth.samples(world.records, 3, window="other")
    margins = [
        dict(labels)["promise"] for name, labels in told if name.startswith("frontdesk_promise_margin")
    ]
    assert set(margins) == {"callback"}
    assert standing(world).states == Counter(one.state.name.lower() for one in open_contacts(world))
