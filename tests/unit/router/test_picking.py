"""Which waiting contact a free agent gets: the guard, the price of waiting, live before deferrable."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.contract import decisions as d
from services.contract.desk import DeskPolicy
from services.contract.facts import AgentSignedIn
from tests.unit.router.world import HOUR, MINUTE, SECOND, World, agent, call, chat, desk, email, only


def next_of(world: World) -> str:
    """Whom A is offered first when it signs in."""
    told = world.tell(AgentSignedIn(agent_id="A"))
    return next(event.contact_id for event in told.events if isinstance(event, d.Offered))


@pytest.mark.parametrize(
    ("waits", "expected"),
    [
        ([(call("a"), 20), (call("b"), 10)], "a"),  # the longer wait
        ([(call("a"), 20), (call("b", complaint=True), 7)], "b"),  # 1.3 (1 + 7/40) = 1.53 above 1 + 20/40
        ([(call("a"), 20), (call("b", complaint=True), 6)], "a"),  # 1.3 (1 + 6/40) = 1.495 below
        ([(email("a"), 3_600), (call("b"), 1)], "b"),  # live before deferrable
        ([(email("a"), 7_201), (chat("b", complaint=True), 1_799)], "a"),  # urgent after half its target
        ([(email("a"), 3_600), (email("b", urgent=True), 1)], "b"),  # urgent mail is live work
        ([(email("a"), 12 * 3_600 + 1), (call("b"), 100)], "a"),  # the guard knows no channels
        (
            [(call("a"), 121), (call("b", complaint=True), 119)],
            "a",
        ),  # guard: over 3 x 40 s, whatever the weight
        ([(call("a"), 130), (call("b"), 125)], "a"),  # guard: oldest first
        ([(call("a"), 20), (call("b", preferred_agent_id="A"), 1)], "b"),  # asked for by name
        ([(call("a"), 20), (call("b", preferred_agent_id="B"), 1)], "a"),
    ],
)
def test_who_is_next(waits: list[tuple[object, int]], expected: str) -> None:
    """Each contact with its seconds of waiting when A signs in."""
    only_waiting = DeskPolicy(not_resolved_cs=0.0)
    world = World(replace(desk(agent("A"), agent("B", capacity=20)), policy=only_waiting))
    end_ms = world.now_ms + 13 * HOUR
    for body, seconds in waits:
        world.now_ms = end_ms - seconds * SECOND
        world.tell(body)
    world.now_ms = end_ms

    assert next_of(world) == expected


def test_a_head_that_cannot_be_placed_blocks_nobody() -> None:
    world = World(desk(agent("A", "billing")))
    world.tell(call("a", language="te"))
    world.now_ms += SECOND
    world.tell(call("b"))

    assert next_of(world) == "b"


def test_inside_a_class_it_is_first_come_first_served() -> None:
    world = World(desk(agent("A")))
    for name in "abc":
        world.tell(call(name))
        world.now_ms += SECOND
    order = [next_of(world)]
    for _ in range(2):
        world.accept(order[-1])
        order.append(only(world.resolve(order[-1]), d.Offered).contact_id)

    assert order == ["a", "b", "c"]


def test_an_offer_that_failed_keeps_its_place() -> None:
    """a was offered to B, who declined; it stands before b, which came later."""
    world = World(desk(agent("A"), agent("B")))
    world.sign_in("B")
    world.tell(call("a"))
    world.now_ms += SECOND
    world.tell(call("b"))
    world.decline("a")

    assert next_of(world) == "a"


def test_waiting_rises_without_bound_so_nobody_starves() -> None:
    """Dear contacts keep coming, one a minute; the plain one is still served within three targets."""
    world = World(desk(agent("A")))
    world.tell(call("plain"))
    world.now_ms += SECOND
    world.tell(call("dear0", complaint=True, customer="k"))
    served, current = [], next_of(world)
    for number in range(1, 6):
        world.tell(call(f"dear{number}", complaint=True, customer="k"))
        served.append(current)
        world.accept(current)
        world.wait(MINUTE)
        current = only(world.resolve(current), d.Offered).contact_id

    assert "plain" in [*served, current][:4]
