"""Links between identities: strong ones join histories, weak ones are shown, and each can be taken back."""

from __future__ import annotations

from typing import Any

import pytest

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.codec import encode_decision
from services.contract.facts import CustomerRef, LinkStrength
from services.router.identity import GROUP_MAX, LINKS_PER_IDENTITY_MAX
from services.router.serving.linking import customer_links
from tests.unit.intake.world import interpret, whatsapp, wrote
from tests.unit.router.world import (
    HOUR,
    MINUTE,
    START_MS,
    World,
    agent,
    call,
    chat,
    desk,
    email,
    names,
    only,
    refusal,
    reply,
)


def identity(key: str, type_: str = "", *, verified: bool = False) -> CustomerRef:
    """A customer with a kind of its own unless named; the value must never leave the fact."""
    return CustomerRef(type=type_ or "phone", value="Marker", name="Marker", key=key, verified=verified)


def link(
    one: str | CustomerRef,
    other: str | CustomerRef,
    strength: LinkStrength = LinkStrength.STRONG,
    statement: str = "scoped_id",
    link_id: str = "",
) -> f.IdentityLinked:
    ends = [identity(end) if isinstance(end, str) else end for end in (one, other)]
    return f.IdentityLinked(
        link_id=link_id or f"{'-'.join(sorted(end.key for end in ends))}-{statement}",
        one=ends[0],
        other=ends[1],
        strength=strength,
        statement=statement,
    )


@pytest.fixture
def world() -> World:
    return World(desk(agent("A")))


def case_of(world: World, contact_id: str) -> str:
    return world.contact(contact_id).case_id


def test_a_strong_link_joins_the_histories(world: World) -> None:
    world.tell(chat("c1", customer="a"))
    told = world.tell(link("a", "b"))
    world.tell(email("c2", customer="b"))

    assert names(told) == ["IdentitiesLinked"]
    assert reply(told).subject_id == "a-b-scoped_id"
    assert case_of(world, "c2") == case_of(world, "c1")
    assert world.contact("c2").repeat
    assert b"Marker" not in encode_decision(told)


def test_a_settled_case_is_reopened_by_a_linked_identity(world: World) -> None:
    world.sign_in("A")
    world.tell(link("a", "b"))
    world.give(call("c1", customer="a"))
    world.resolve("c1")
    world.wait(HOUR)

    assert only(world.tell(call("c2", customer="b")), d.Reopened).settled


def test_the_newest_case_of_all_identities_is_taken(world: World) -> None:
    world.tell(call("c1", "billing", customer="a"))
    world.wait(MINUTE)
    world.tell(call("c2", "delivery", customer="b"))
    world.tell(link("a", "b"))
    world.tell(call("c3", "", customer="a"))

    assert case_of(world, "c3") == case_of(world, "c2")


def test_a_weak_link_joins_nothing_and_is_shown(world: World) -> None:
    world.tell(chat("c1", customer="a"))
    world.tell(link("a", "b", LinkStrength.WEAK, "order_reference"))
    world.tell(email("c2", customer="b"))

    assert case_of(world, "c2") != case_of(world, "c1")
    (shown,) = customer_links(world.desk, "b")
    assert (shown.identity.key, shown.statement, list(shown.case_ids)) == (
        "a",
        "order_reference",
        [case_of(world, "c1")],
    )


def test_a_weak_link_that_becomes_strong_joins(world: World) -> None:
    world.tell(link("a", "b", LinkStrength.WEAK, link_id="l"))
    world.tell(link("a", "b", LinkStrength.STRONG, link_id="l"))

    assert world.desk.links.group("a") == ("a", "b")
    assert names(world.tell(link("a", "b", LinkStrength.WEAK, link_id="l"))) == []  # no weaker by a repeat
    assert world.desk.links.group("a") == ("a", "b")


def test_taken_back_each_history_goes_back_to_its_own_identity(world: World) -> None:
    world.tell(link("a", "b", link_id="l"))
    world.tell(chat("c1", customer="a"))
    world.tell(email("c2", customer="b"))
    told = world.tell(f.IdentityUnlinked(link_id="l", agent_id="A"))
    world.tell(call("c3", customer="b"))
    world.tell(call("c4", customer="a"))

    assert names(told) == ["IdentitiesUnlinked"]
    assert case_of(world, "c4") == case_of(world, "c1")
    assert case_of(world, "c3") not in (case_of(world, "c1"), case_of(world, "c4"))
    assert world.contact("c2").opened.customer_key == "b"


def test_a_group_held_together_by_another_link_stays(world: World) -> None:
    for one, other in (("a", "b"), ("b", "c"), ("c", "a")):
        world.tell(link(one, other, link_id=one + other))
    world.tell(f.IdentityUnlinked(link_id="ab"))

    assert world.desk.links.group("a") == ("a", "b", "c")
    world.tell(f.IdentityUnlinked(link_id="bc"))
    assert world.desk.links.group("b") == ("b",)
    assert world.desk.links.group("a") == ("a", "c")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (link("a", CustomerRef(absent_reason="anonymous")), "withheld"),
        (link("a", "a"), "same_identity"),
        (link(identity("a", verified=True), identity("b", verified=True)), "different_verified"),
    ],
)
def test_what_is_never_linked(world: World, said: f.IdentityLinked, reason: str) -> None:
    assert refusal(world.tell(said)) == reason
    assert not world.desk.links.by_id


def test_verified_identities_of_different_types_are_linked(world: World) -> None:
    world.tell(link(identity("a", "phone", verified=True), identity("b", "psid", verified=True)))

    assert world.desk.links.group("a") == ("a", "b")


def test_different_verified_identities_do_not_meet_through_others(world: World) -> None:
    world.tell(link(identity("a", "phone", verified=True), identity("x", "psid")))
    world.tell(link(identity("b", "phone", verified=True), identity("y", "email")))

    assert refusal(world.tell(link(identity("x", "psid"), identity("y", "email")))) == "different_verified"


def test_a_number_that_took_anothers_place_is_the_same_customer(world: World) -> None:
    old, new = identity("a", "phone", verified=True), identity("b", "phone", verified=True)
    world.tell(link(old, new, statement="number_changed"))

    assert world.desk.links.group("a") == ("a", "b")
    third = identity("c", "phone", verified=True)
    assert refusal(world.tell(link(new, third))) == "different_verified"


def said_by_whatsapp(number: str, user_id: str) -> f.IdentityLinked:
    """The link that a signed delivery of WhatsApp states."""
    contacts = [{"wa_id": number, "user_id": user_id}]
    message = {**wrote(), "from": number, "id": f"wamid.{number}.{user_id}"}
    (body,) = (
        fact.body
        for fact in interpret(whatsapp(messages=[message], contacts=contacts)).facts
        if isinstance(fact.body, f.IdentityLinked)
    )
    return body


def test_a_number_that_somebody_else_has_now_joins_no_two_people(world: World) -> None:
    first, moved = said_by_whatsapp("381641112223", "RS.1"), said_by_whatsapp("381649998887", "RS.1")
    world.tell(first)
    world.tell(moved)
    assert first.one is not None
    assert (
        len(world.desk.links.group(first.one.key)) == 3
    )  # two numbers of one person, by what stays with him

    assert refusal(world.tell(said_by_whatsapp("381641112223", "RS.2"))) == "different_verified"


def test_an_address_that_many_share_joins_no_more(world: World) -> None:
    for number in range(GROUP_MAX - 1):
        world.tell(link("info", f"k{number}"))

    assert len(world.desk.links.group("info")) == GROUP_MAX
    assert refusal(world.tell(link("info", "one more"))) == "too_many"
    for number in range(LINKS_PER_IDENTITY_MAX - GROUP_MAX + 1):
        world.tell(link("info", f"w{number}", LinkStrength.WEAK))
    assert refusal(world.tell(link("info", "w", LinkStrength.WEAK))) == "too_many"


def test_what_an_agent_took_back_a_provider_cannot_say_again(world: World) -> None:
    world.tell(link("a", "b", link_id="l"))
    world.tell(f.IdentityUnlinked(link_id="l", agent_id="A"))
    world.wait(HOUR)

    assert refusal(world.tell(link("a", "b", link_id="l"))) == "taken_back"
    world.tell(link("a", "b", statement="agent", link_id="by-agent"))
    assert world.desk.links.group("a") == ("a", "b")


def test_an_agent_may_change_his_mind(world: World) -> None:
    for _ in range(2):
        world.tell(link("a", "b", statement="agent", link_id="l"))
        assert world.desk.links.group("a") == ("a", "b")
        world.tell(f.IdentityUnlinked(link_id="l", agent_id="A"))
        assert world.desk.links.group("a") == ("a",)


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
def test_the_providers_last_word_counts_in_whatever_order_it_comes(
    world: World, order: tuple[int, ...]
) -> None:
    said: list[tuple[int, Any]] = [
        (1, link("a", "b", link_id="l")),
        (2, f.IdentityUnlinked(link_id="l")),
        (3, link("a", "b", link_id="l")),
    ]
    world.now_ms += HOUR
    for index in order:
        minutes, body = said[index]
        world.tell(body, occurred_ms=START_MS + minutes * MINUTE)

    last_is_repeat = order.index(2) < order.index(1) and order.index(0) < order.index(2)
    # a repeat of a link that stands is not written down, so its moment is not known when the end comes late
    assert world.desk.links.group("a") == (("a",) if last_is_repeat else ("a", "b"))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (f.IdentityUnlinked(link_id="l", agent_id="A"), "unknown"),
        (f.IdentityUnlinked(link_id="l", agent_id="nobody"), "unknown"),
    ],
)
def test_what_an_agent_cannot_take_back(world: World, body: Any, reason: str) -> None:
    assert refusal(world.tell(body)) == reason


@pytest.mark.parametrize("body", [f.IdentityLinked(), f.IdentityUnlinked()])
def test_a_link_without_an_id_is_rejected(world: World, body: Any) -> None:
    assert only(world.tell(body), d.FactRejected).reason == "invalid"
