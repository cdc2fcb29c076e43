"""How long a contact will wait about, with the arithmetic beside the case."""

from __future__ import annotations

import pytest

from services.contract import facts as f
from services.contract.facts import Channel
from services.router.model import DeskState
from services.router.serving.estimate import Estimate, of_contact, of_work, possible_work
from tests.unit.router.world import World, agent, call, desk, email

MEAN_SECONDS = (200 + 240 + 300) / 3
"""Of the desk's topics: what an agent of all three serves one contact in."""


def asked(state: DeskState, channel: Channel = Channel.PHONE, topic: str = "billing") -> Estimate:
    return of_work(state, possible_work(state, channel, "", topic, "en"))


def test_nobody_waits_while_somebody_is_free() -> None:
    world = World(desk(agent("A"), agent("B")))
    world.sign_in("A", "B")
    assert asked(world.desk) == Estimate(0.0, 0, 2, 2)
    world.give(call("c"))
    assert asked(world.desk) == Estimate(0.0, 0, 2, 1)


def test_who_is_next_waits_for_the_first_of_all_who_may() -> None:
    world = World(desk(agent("A"), agent("B"), agent("C", languages="de")))
    world.sign_in("A", "B", "C")
    world.give(call("c1"))
    world.give(call("c2"))
    found = asked(world.desk)
    assert (found.ahead, found.available, found.free) == (0, 2, 0)
    assert found.seconds == pytest.approx(MEAN_SECONDS / 2, rel=1e-6)


def test_each_one_ahead_adds_a_turn_and_a_contact_that_waits_counts_those_before_it() -> None:
    world = World(desk(agent("A")))
    world.sign_in("A")
    world.give(call("c1"))
    for name in ("c2", "c3"):
        world.tell(call(name))
        world.wait(1_000)
    assert asked(world.desk).seconds == pytest.approx(3 * MEAN_SECONDS, rel=1e-6)
    waiting = of_contact(world.desk, world.contact("c3"))
    assert waiting is not None and waiting.ahead == 1
    assert waiting.seconds == pytest.approx(2 * MEAN_SECONDS, rel=1e-6)
    assert of_contact(world.desk, world.contact("c1")) is None


def test_mail_waits_behind_calls_and_calls_not_behind_mail() -> None:
    world = World(desk(agent("A")))
    world.sign_in("A")
    world.give(call("c1"))
    world.tell(call("c2"))
    world.tell(email("m"))
    assert asked(world.desk).ahead == 1
    assert asked(world.desk, Channel.EMAIL).ahead == 2


def test_there_is_no_figure_while_nobody_who_may_is_at_work() -> None:
    world = World(desk(agent("A")))
    assert asked(world.desk) == Estimate(None, 0, 0, 0)
    world.sign_in("A")
    world.tell(f.AgentStateChanged(agent_id="A", presence=f.Presence.BREAK))
    assert asked(world.desk).seconds is None
