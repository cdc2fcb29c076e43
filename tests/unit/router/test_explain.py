"""Every event has plain words, and those of an offer hold the figures it was made with."""

from __future__ import annotations

from typing import get_args

import pytest

from frontdesk.v1 import router_pb2
from services.contract import decisions as d
from services.contract.facts import Presence
from services.router.explain import describe, explained
from services.router.model import ContactState
from tests.unit.router.world import HOUR, START_MS, World, agent, call, desk, names, only, refund


@pytest.mark.parametrize(
    ("promise", "said"),
    [
        ("target", "waited past its target"),
        ("due", "waited past its due time"),
        ("callback", "waited past the time told for its call-back"),
    ],
)
def test_a_promise_that_was_not_kept_is_named(promise: str, said: str) -> None:
    assert describe(d.TargetMissed(contact_id="c", promise=promise)) == said


def test_an_offer_in_words() -> None:
    people = [
        agent("A17", refund=500, languages="te en"),
        agent("B03", refund=500, languages="te", speed=1.2),
        *[agent(f"C{number}", refund=500) for number in range(4)],
        agent("D1", refund=150, languages="te"),
        agent("D2", languages="te"),
    ]
    world = World(desk(*people))
    world.sign_in(*[one.agent_id for one in people])

    told = world.tell(call("c", "refund", language="te", wanted=refund(180)))

    assert describe(only(told, d.Offered)) == (
        "offered to A17: resolves 0.75 (refund .75 x authority 1), talk 300 s; B03 0.75 (60 worse); "
        "4 speak no Telugu, 2 may not decide a refund of 180.00 EUR"
    )


def test_waiting_in_words() -> None:
    world = World(desk(agent("A", languages="de")))
    world.sign_in("A")

    told = world.tell(call("c", language="te"))

    assert (
        describe(only(told, d.ContactQueued))
        == "waits in calls: nobody signed in speaks its language; 1 speaks no Telugu"
    )


def test_who_comes_and_until_when_in_words() -> None:
    arrived = d.ContactOpened(medium="voice", tier="loyal", complaint=True)
    signed_in = d.AgentPresenceChanged(
        agent_id="ana", presence=Presence.AVAILABLE, reason="signed_in", shift_ends_at_ms=START_MS + 8 * HOUR
    )

    assert describe(arrived) == "arrived by voice, unknown topic, loyal customer, complaint"
    assert describe(signed_in) == "ana is available (signed in), shift ends 16:00 UTC"


def test_steps_are_those_that_concern_the_contact() -> None:
    world = World(desk(agent("A")))
    world.sign_in("A")
    world.give(call("c1"))
    world.tell(call("c2"))

    told = world.resolve("c1")

    assert names(told) == ["Resolved", "Offered"]
    assert [step.summary for step in explained(told, "c1")] == ["resolved by A"]
    (step,) = explained(told, "c2")
    assert step.explanation is not None and step.summary.startswith("offered to A")


@pytest.mark.parametrize("kind", get_args(d.Event))
def test_every_kind_of_event_has_words(kind: type[d.Event]) -> None:
    """Even an event without a single field set."""
    words = describe(kind())

    assert words and words != kind.__name__


def test_states_have_the_numbers_of_the_api() -> None:
    for state in ContactState:
        if state is not ContactState.RECEIVED:
            assert router_pb2.ContactState.Value(f"CONTACT_STATE_{state.name}") == state
