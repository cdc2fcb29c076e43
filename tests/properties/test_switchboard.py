"""Whoever's hands a record changes is told of it: what the switchboard reads from a record is all that the states say."""

from __future__ import annotations

import random

from services.contract import facts as f
from services.contract.decisions import (
    Assigned,
    ConsultEnded,
    CustomerReturned,
    Decision,
    DeskApplied,
)
from services.router.model import DeskState
from services.router.serving.switchboard import affected
from tests.properties import adversary
from tests.properties.adversary import ACTIONS, BUSY, big_desk
from tests.properties.test_core import RUNS, STEPS_PER_RUN
from tests.unit.router.world import DESK, World, agent, chat, desk

Hands = tuple[frozenset[str], frozenset[str], frozenset[str], object]


class Watched(World):
    """A world that compares every record with the states before and after it."""

    changes = ended = given_back = 0

    def append(self, record: Decision) -> Decision:
        before = self.state.desks.get(DESK)
        read = super().append(record)
        after = self.state.desks.get(DESK)
        if before is None or after is None or any(isinstance(event, DeskApplied) for event in read.events):
            return read
        agents, lost, about, gained = affected(before, after, read)
        given = {event.contact_id for event in read.events if isinstance(event, Assigned)}
        back = {event.contact_id for event in read.events if isinstance(event, CustomerReturned)}
        for event in read.events:
            if isinstance(event, ConsultEnded) and event.help_id in before.helps:
                asker_id = before.helps[event.help_id].owner_id
                assert about[event.help_id] == asker_id and asker_id in agents
                self.ended += 1
        for agent_id in before.agents:
            was, now = hands(before, agent_id), hands(after, agent_id)
            assert was == now or agent_id in agents
            told = {contact_id for contact_id, _ in lost.get(agent_id, ())}
            assert told == was[0] - now[0]
            told = {contact_id for contact_id, _ in gained.get(agent_id, ())}
            assert told == now[0] - was[0] and told <= given | back, "no event says that it is this agent's"
            self.given_back += len(told - given)
            self.changes += was != now
        return read


def hands(desk: DeskState, agent_id: str) -> Hands:
    """All that an agent has, by walking everything: contacts, offers, requests for help, presence."""
    agent = desk.agents[agent_id]
    handing_over = [one for one in desk.handover_ids if desk.contacts[one].owner_id == agent_id]
    return (
        frozenset((*agent.contact_ids, *handing_over)),
        frozenset(offer.offer_id for offer in desk.offers.values() if offer.agent_id == agent_id),
        frozenset(help_.help_id for help_ in desk.helps.values() if help_.adviser_id == agent_id),
        agent.presence,
    )


def test_every_agent_whose_hands_change_is_concerned_and_told_what_it_lost_and_gained() -> None:
    changes = ended = 0
    for seed in range(max(4, RUNS // 8)):
        rng = random.Random(seed)
        world = Watched(big_desk())
        world.sign_in(*adversary.AGENTS)
        for _ in range(STEPS_PER_RUN):
            rng.choice(BUSY if seed % 2 else ACTIONS)(world, rng.randrange(8), rng.randrange(8))
        changes, ended = changes + world.changes, ended + world.ended
    assert changes > 400 and ended > 5


def test_what_an_agent_has_back_after_it_went_away_is_gained_with_the_customers_return() -> None:
    world = Watched(desk(agent("A"), agent("B")))
    world.sign_in("A")
    world.give(chat("c"))
    world.by_owner(f.CustomerAsked, "c")
    world.tell(f.AgentStateChanged(agent_id="A", presence=f.Presence.OFFLINE))
    world.sign_in("A")
    world.tell(chat("c"))
    assert world.given_back == 1
