"""Deliveries overtake each other: whatever the order, the same contacts, cases, answers and groups are there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.contract import facts as f
from services.contract.desk import MentionRule
from services.contract.facts import Channel, CustomerRef, LinkStrength, Rating
from tests.properties.invariants import check_replay, check_state
from tests.unit.router.world import MINUTE, SECOND, START_MS, World, agent, arrived, call, chat, desk

Told = tuple[int, Any]
"""Second of the source's clock, and what happened."""
Here = dict[str, object]


def a_call(name: str, begins: int, *, ended: bool) -> list[Told]:
    """All states of one call; the arrival comes once, as intake makes one fact of its beginnings."""
    states = [
        (begins + 1, "call_queued"),
        (begins + 4, "call_connected"),
    ]
    told: list[Told] = [(begins, call(name, "", customer=f"caller-{name}"))]
    told += [
        (at, f.NonContactSeen(kind="call_state", contact_id=name, call_state=state)) for at, state in states
    ]
    return [*told, (begins + 60, f.CallerHungUp(contact_id=name))] if ended else told


def a_chat(name: str, said: list[int], answered: list[int]) -> list[Told]:
    thread = f"thread-{name}"
    told: list[Told] = [
        (at, chat(f"{name}-{number}", customer=f"customer-{name}", thread=thread))
        for number, at in enumerate(said)
    ]
    return told + [
        (at, f.MessageSent(thread_key=thread, kind="human", medium="messenger")) for at in answered
    ]


def a_review(name: str, stars: list[int]) -> list[Told]:
    """A review and its edits."""
    return [
        (
            number,
            f.MentionSeen(
                kind="review",
                contact=arrived(
                    name,
                    Channel.SOCIAL,
                    "trustpilot",
                    customer=f"author-{name}",
                    thread=f"thread-{name}",
                    rating=Rating(value=given_, scale=5),
                ),
            ),
        )
        for number, given_ in enumerate(stars)
    ]


def links(*pairs: str) -> list[Told]:
    return [
        (
            number,
            f.IdentityLinked(
                link_id=pair,
                one=CustomerRef(type="phone", key=pair[0]),
                other=CustomerRef(type="psid", key=pair[1]),
                strength=LinkStrength.STRONG,
                statement="scoped_id",
            ),
        )
        for number, pair in enumerate(pairs)
    ] + [(50, f.IdentityUnlinked(link_id=pairs[0]))]


MORNING: list[Told] = [
    *a_call("call-ended", 5, ended=True),
    *a_call("call-open", 7, ended=False),
    *a_chat("answered", [10, 40], [20, 60]),
    *a_chat("open", [30, 35], [25]),
    *a_chat("answered-last", [10, 50, 55], [70]),
    *a_review("turns-bad", [5, 1]),
    *a_review("stays-good", [4, 5]),
    (20, f.MessageSent(thread_key="thread-stays-good", kind="human", medium="trustpilot")),
    *links("ab", "bc", "cd"),
]


def after(told: list[Told]) -> World:
    """The world once everything was told in this order, a second apart, by a source whose clock is right."""
    world = World(replace(desk(agent("A")), mention_rules=(MentionRule(stars_at_most=3),)))
    world.now_ms += 10 * MINUTE
    for seconds, body in told:
        world.now_ms += SECOND
        world.tell(body, occurred_ms=START_MS + seconds * SECOND)
    return world


def what_is_there(world: World) -> Here:
    """What must not depend on the order; ids of contacts do where the first message of a thread names it."""
    contacts = world.desk.contacts.values()
    return {
        "contacts": sorted(
            (one.opened.customer_key, one.opened.thread_key, one.state.name, one.outcome.name, one.answered)
            for one in contacts
        ),
        "cases": sorted(
            (case.customer_key, case.thread_keys, len(case.open_contact_ids))
            for case in world.desk.cases.values()
        ),
        "newest words": sorted(
            (one.opened.thread_key, one.last_said_at_ms, one.first_said_at_ms)
            for one in contacts
            if one.opened.thread_key and not one.opened.mention
        ),
        "kept": sorted((one.contact_id, one.answered) for one in world.desk.kept_mentions),
        "groups": {key: world.desk.links.group(key) for key in "abcd"},
    }


IN_ORDER = what_is_there(after(sorted(MORNING, key=lambda told: told[0])))


def test_in_order_it_is_as_it_happened() -> None:
    """What the orders are compared with."""
    answered = {one[1]: one[4] for one in IN_ORDER["contacts"]}  # type: ignore[attr-defined]
    assert answered["thread-answered"] == answered["thread-answered-last"] == ("human",)
    assert answered["thread-open"] == ()
    assert IN_ORDER["kept"] == [("stays-good", True)]
    assert IN_ORDER["groups"] == {"a": ("a",), **dict.fromkeys("bcd", ("b", "c", "d"))}


@settings(max_examples=150, deadline=None, database=None)
@given(st.permutations(MORNING))
def test_any_order_gives_the_same_contacts_cases_answers_and_groups(told: list[Told]) -> None:
    world = after(told)

    assert what_is_there(world) == IN_ORDER
    check_state(world.state)
    check_replay(world.records, world.state)


@settings(max_examples=50, deadline=None, database=None)
@given(st.lists(st.sampled_from(range(len(MORNING))), max_size=60))
def test_deliveries_that_come_twice_change_nothing(again: list[int]) -> None:
    """Facts keep their ids: whatever is delivered again, and when, meets itself."""
    world = World(replace(desk(agent("A")), mention_rules=(MentionRule(stars_at_most=3),)))
    world.now_ms += 10 * MINUTE
    told = sorted(range(len(MORNING)), key=lambda number: MORNING[number][0])
    for step, number in enumerate([*told, *again]):
        world.now_ms += SECOND
        seconds, body = MORNING[number]
        world.tell(body, fact_id=f"morning-{number}", occurred_ms=START_MS + seconds * SECOND)
        if step >= len(told):
            assert type(world.records[-1].events[0]).__name__ == "DuplicateIgnored"

    assert what_is_there(world) == IN_ORDER
