"""Agents who refuse everything, let offers pass, come and go, or vanish: nobody is lost, starved, or better off."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.decisions import Decision
from services.contract.facts import Presence
from services.router.evolve.work import kind_of
from services.router.model import ContactState
from services.router.urgency import DEFERRABLE_AGAIN_MS
from services.router.waiting import Kind
from tests.properties.adversary import (
    ACTIONS,
    BUSY,
    HARDLY_HELPFUL,
    WAITING_ON_PURPOSE,
    Action,
    big_desk,
    run,
)
from tests.properties.invariants import check_history, check_replay, check_state, check_timers
from tests.properties.rights import check_step
from tests.properties.test_core import RUNS
from tests.unit.router.world import SECOND, World, agent, call, chat, desk, email

QUICK = settings(
    max_examples=RUNS, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True
)
Steps = st.lists(
    st.tuples(st.sampled_from(ACTIONS + BUSY + HARDLY_HELPFUL * 3), st.integers(0, 7), st.integers(0, 7)),
    min_size=1,
    max_size=60,
)
Behaviours = st.lists(st.sampled_from(("decline", "silent", "flap", "vanish")), min_size=1, max_size=12)


class Watched(World):
    """A partition whose every record is checked against the state before it."""

    def append(self, record: Decision) -> Decision:
        before = self.state
        told = super().append(record)
        check_step(before, told)
        return told


@QUICK
@given(Steps)
def test_rights_and_hops_hold_at_every_step(steps: list[tuple[Action, int, int]]) -> None:
    """Rules 2 to 4 of design.md, with agents who do everything wrong at once."""
    world = Watched(big_desk())
    world.sign_in("A", "B", "C", "D", "E")

    def check() -> None:
        check_state(world.state)
        check_timers(world.state, world.timers)

    run(world, steps, check)
    check_history(world.records)
    check_replay(world.records, world.state)


def test_hops_raise_authority_or_what_the_owner_could_reach() -> None:
    """Each in histories that get far; hops for a wrong topic, for a manager and of who is stuck do occur."""
    seen: Counter[f.TransferReason] = Counter()
    for seed in range(RUNS * 3):
        rng = random.Random(seed)
        world = Watched(big_desk())
        world.sign_in("A", "B", "C", "D", "E")
        for _ in range(100):
            rng.choice(BUSY)(world, rng.randrange(8), rng.randrange(8))
        hops = [one for record in world.records for one in record.events if isinstance(one, d.Transferred)]
        seen.update(one.reason for one in hops)
    wanted = f.TransferReason.WRONG_TOPIC, f.TransferReason.CUSTOMER_WANTS_MANAGER, f.TransferReason.STUCK
    assert all(seen[reason] for reason in wanted), seen


def test_who_waits_on_purpose_waits_seconds_and_all_rules_hold_meanwhile() -> None:
    """Held for a better agent, a call is decided again within 10 s, a message within 60; both kinds do occur."""
    seen: Counter[str] = Counter()
    for seed in range(RUNS):
        rng = random.Random(seed)
        world = Watched(big_desk())
        for _ in range(40):
            rng.choice(WAITING_ON_PURPOSE)(world, rng.randrange(8), rng.randrange(8))
            check_state(world.state)
            check_timers(world.state, world.timers)
        check_history(world.records)
        check_replay(world.records, world.state)
        seen += _waits_on_purpose(world)
    assert seen["held_for_better"] and seen["kept_in_reserve"], seen


def _waits_on_purpose(world: World) -> Counter[str]:
    """How often contacts waited for which reason, told at the start or later; no hold takes longer than it may."""
    seen: Counter[str] = Counter()
    calls = set()
    for record in world.records:
        for event in record.events:
            if isinstance(event, d.ContactOpened) and kind_of(event.channel, event.medium) is Kind.CALL:
                calls.add(event.contact_id)
            if isinstance(event, d.ContactQueued | d.DeadlineMoved):
                reason = event.reason if isinstance(event, d.DeadlineMoved) else event.reason.label
                seen[reason] += 1
                again_ms = 10 * SECOND if event.contact_id in calls else DEFERRABLE_AGAIN_MS
                held = reason == "held_for_better"
                assert not held or event.deadline_at_ms <= record.decided_at_ms + again_ms
    return seen


@QUICK
@given(Behaviours)
def test_a_contact_passes_whoever_will_not_have_it(behaviours: list[str]) -> None:
    """Every agent but one misbehaves, each in its own way; the one gets every contact in the end."""
    bad = tuple(f"X{number}" for number in range(len(behaviours)))
    world = Watched(desk(agent("Z"), *[agent(one, speed=0.5) for one in bad]))
    world.sign_in("Z", *bad)
    for contact in (call("c1"), chat("c2"), email("c3")):
        world.tell(contact)

    for _ in range(100):
        _misbehave(world, dict(zip(bad, behaviours, strict=True)))
        for offer in sorted(world.desk.offers.values(), key=lambda one: one.offer_id):
            if offer.agent_id == "Z":
                world.accept(offer.contact_id)
        for contact_id in world.desk.agents["Z"].contact_ids:
            world.resolve(contact_id)
        world.wait(10 * SECOND)
        check_state(world.state)

    ended = {one.contact_id: one.state for one in world.desk.contacts.values()}
    assert all(state is ContactState.CLOSED for state in ended.values()), ended
    had = {
        event.agent_id for record in world.records for event in record.events if isinstance(event, d.Assigned)
    }
    assert had == {"Z"}


@QUICK
@given(st.lists(st.booleans(), min_size=1, max_size=10))
def test_nobody_gains_idle_time_by_refusing(declines: list[bool]) -> None:
    """After each refusal the agent stands behind whoever was idle meanwhile."""
    world = World(desk(agent("A"), agent("B")))
    world.sign_in("A", "B")
    for number, decline in enumerate(declines):
        world.wait(10 * SECOND)
        world.tell(call(f"c{number}"))
        refuser = world.contact(f"c{number}").offered_to_id
        if not refuser:
            break
        idle_before = world.desk.agents[refuser].idle_since_ms
        if decline:
            world.decline(f"c{number}")
        else:
            world.wait(15 * SECOND)
        assert world.desk.agents[refuser].idle_since_ms > idle_before
        world.tell(f.CallerHungUp(contact_id=f"c{number}"))


@QUICK
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(5, 40)), min_size=20, max_size=60))
def test_nobody_starves_behind_dearer_contacts(arrivals: list[tuple[int, int]]) -> None:
    """A plain call waits; dearer ones come faster than the only agent works. After three targets it is next."""
    world = World(desk(agent("A", capacity=100)))
    world.sign_in("A")
    world.give(call("busy"))
    world.tell(call("plain"))
    for number, (kind, seconds) in enumerate(arrivals * 3):
        world.tell(call(f"n{number}", complaint=kind > 0, customer=f"k{kind}" if kind > 1 else None))
        world.wait(seconds * SECOND)
        held = world.desk.agents["A"].contact_ids
        if held:
            world.resolve(held[0])
        for offer in list(world.desk.offers.values()):
            world.accept(offer.contact_id)
        if "plain" in world.desk.agents["A"].contact_ids:
            break

    plain = world.contact("plain")
    waited_ms = world.now_ms - plain.arrived_at_ms
    assert plain.epoch == 1 or waited_ms <= 3 * 40 * SECOND + 2 * 40 * SECOND


def _misbehave(world: World, behaviour: dict[str, str]) -> None:
    """Each agent with an offer, or with a contact, does what it always does."""
    for agent_id, how in behaviour.items():
        if world.desk.agents[agent_id].presence is not Presence.AVAILABLE:
            world.tell(f.AgentSignedIn(agent_id=agent_id))
        for offer_id in world.desk.agents[agent_id].offer_ids:
            if offer_id not in world.desk.offers:
                continue
            if how == "decline":
                answer = f.OfferAnswer.DECLINE
                world.tell(f.OfferAnswered(offer_id=offer_id, agent_id=agent_id, answer=answer))
            elif how != "silent":
                away = Presence.BREAK if how == "flap" else Presence.OFFLINE
                world.tell(f.AgentStateChanged(agent_id=agent_id, presence=away))
