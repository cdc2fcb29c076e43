"""A desk's authority matrix changes while contacts wait: what they are known to need is measured by the new one (design.md,
"What must always hold", 4)."""

from __future__ import annotations

from dataclasses import replace

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.decisions import Decision
from services.contract.desk import AuthorityRule, Desk
from services.contract.facts import TransferReason
from services.router.evolve import evolve_desk
from services.router.model import ContactState
from tests.properties.invariants import check_state
from tests.unit.router.world import World, agent, call, desk, only, refund

FIRST, FINER, COARSER = (0, 50, 150, 500), (0, 10, 20, 30, 60), (0, 200, 500)
"""Limits of the levels, in EUR; 40 EUR are of level 1, 4 and 1, 100 EUR of 2, 5 (the manager's) and 1."""


def of(limits: tuple[int, ...]) -> Desk:
    """A may refund 20 EUR, B 60, C 200, M without a limit."""
    matrix = AuthorityRule(
        decision_type="refund", currency="EUR", limits_minor=tuple(limit * 100 for limit in limits)
    )
    people = (
        agent("A", refund=20),
        agent("B", refund=60),
        agent("C", refund=200),
        agent("M", unlimited=True),
    )
    return replace(desk(*people), authority=(matrix,))


def configure(world: World, limits: tuple[int, ...]) -> Decision:
    told = world.tell(f.DeskConfigured(desk=of(limits)))
    check_state(world.state)
    return told


def waiting(limits: tuple[int, ...], amount: int, *busy: str) -> World:
    """A caller who states what he wants, while whoever is there talks."""
    world = World(of(limits))
    for agent_id in busy:
        world.sign_in(agent_id)
        world.give(call(f"with {agent_id}"))
    world.tell(call("c", "refund", wanted=refund(amount)))
    assert world.contact("c").state is ContactState.QUEUED
    return world


def test_who_may_not_grant_it_under_the_new_matrix_is_not_offered_it() -> None:
    """A reaches level 2, which was enough for the old level 1 and is not for the new level 4."""
    world = waiting(FIRST, 40, "B")

    assert only(configure(world, FINER), d.DeskApplied).needs_measured
    world.sign_in("A")

    assert world.contact("c").state is ContactState.QUEUED
    assert only(world.resolve("with B"), d.Offered).agent_id == "B"


def test_who_may_grant_it_under_the_new_matrix_is_offered_it_at_once() -> None:
    """Level 2 becomes level 1, which C reaches: the customer need not wait for M, who is busy."""
    world = waiting(FIRST, 100, "M")
    configure(world, COARSER)

    world.sign_in("C")

    assert world.contact("c").offered_to_id == "C"


def test_the_owner_s_customer_is_measured_too() -> None:
    """What follows, a hop for want of the right as well, goes by the level that he needs now."""
    world = World(of(FIRST))
    world.sign_in("C")
    world.give(call("c", "refund", wanted=refund(100)))

    configure(world, COARSER)

    contact = world.contact("c")
    assert (contact.need.least_level, contact.need.amount_minor) == (1, 10_000)
    assert contact.opened.need is not None and contact.opened.need.least_level == 2


def test_who_insists_on_a_manager_keeps_the_level_that_he_asked_for() -> None:
    world = World(of(FIRST))
    world.sign_in("C")
    world.give(call("c", "refund", wanted=refund(100)))
    world.by_owner(f.TransferAsked, "c", reason=TransferReason.CUSTOMER_WANTS_MANAGER)
    assert world.contact("c").need.least_level == 3

    assert not only(configure(world, COARSER), d.DeskApplied).needs_measured

    assert world.contact("c").need.least_level == 3


def test_a_configuration_that_moves_no_level_says_nothing_of_it() -> None:
    world = waiting(FIRST, 40, "B")

    assert not only(configure(world, (0, 50, 160, 500)), d.DeskApplied).needs_measured


def test_a_record_of_an_older_log_measures_nothing() -> None:
    """It folds to the state that it had then, byte for byte (engine.md 1.6)."""
    world = waiting(FIRST, 40, "B")

    after = evolve_desk(world.desk, d.DeskApplied(desk=of(FINER)), world.now_ms)

    assert after is not None and after.contacts["c"] == world.contact("c")
