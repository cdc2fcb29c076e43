"""Whom a customer knows: by name, by the contact, by the case, by what was settled before (routing.md 2.7)."""

from __future__ import annotations

from services.contract.facts import Outcome
from services.router.preferred import preferred_agents
from tests.unit.router.world import DAY, World, agent, call, desk


def known_after(*topics: str, outcome: Outcome = Outcome.RESOLVED, days: int = 1) -> tuple[str, ...]:
    """Whom the customer knows who calls about the first topic, after A ended contacts about the others."""
    world = World(desk(agent("A"), agent("B")))
    world.sign_in("A")
    for number, topic in enumerate(topics[1:]):
        world.give(call(f"c{number}", topic, customer="k"))
        world.resolve(f"c{number}", outcome)
    world.wait(days * DAY)
    world.tell(call("c", topics[0], customer="k"))
    return preferred_agents(world.contact("c"))


def test_a_customer_knows_who_had_the_case() -> None:
    assert known_after("billing", "billing", outcome=Outcome.UNRESOLVED) == ("A",)


def test_a_customer_knows_who_last_settled_something_for_him() -> None:
    assert known_after("billing", "refund") == ("A",)
    assert known_after("billing", "refund", outcome=Outcome.UNRESOLVED) == ()


def test_the_memory_ends_with_the_cases() -> None:
    assert known_after("billing", "refund", days=8) == ()


def test_who_was_asked_for_by_name_comes_first() -> None:
    world = World(desk(agent("A"), agent("B")))
    world.sign_in("A")
    world.give(call("c1", customer="k"))
    world.resolve("c1")

    world.tell(call("c2", customer="k", preferred_agent_id="B"))

    assert preferred_agents(world.contact("c2")) == ("B", "A")


def test_a_second_contact_of_a_case_knows_who_has_the_first() -> None:
    world = World(desk(agent("A"), agent("B")))
    world.sign_in("A")
    world.give(call("c1", customer="k"))

    world.tell(call("c2", customer="k"))

    assert preferred_agents(world.contact("c2")) == ("A",)


def test_a_withheld_identity_knows_nobody() -> None:
    world = World(desk(agent("A")))
    world.sign_in("A")
    world.give(call("c1", customer=""))
    world.resolve("c1")

    world.tell(call("c2", customer=""))

    assert preferred_agents(world.contact("c2")) == ()
