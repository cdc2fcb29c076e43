"""Which dead letters can be handed in again, and why the others are left."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from services.cli import letters_again
from services.cli.letters_again import DAYS_MAX, sort
from services.cli.letters_unread import Place
from services.contract.codec import encode_fact
from services.contract.facts import AgentSignedIn, CallerHungUp, Channel, ContactArrived, Fact, MentionSeen
from services.contract.ids import command_fact_id
from services.runtime.dead_letters import DATA_BYTES_MAX, DeadLetter

NOW_MS = 1_795_000_000_000
MAIL = ContactArrived(contact_id="c1", channel=Channel.EMAIL, medium="email", text="Where is it?")


def letter(body: Any = MAIL, *, fact_id: str = "", desk_id: str = "acme", **changed: Any) -> DeadLetter:
    fact_id = fact_id or f"f{changed.get('source', 1)}"
    data = encode_fact(Fact(fact_id=fact_id, desk_id=desk_id, source="smtp", body=body))
    said = {
        "source": "frontdesk.facts.v1/3/1702",
        "reason": "desk_unknown",
        "detail": "",
        "received_at_ms": NOW_MS - 1_000,
        "size_bytes": len(data),
        "data": base64.b64encode(data[:DATA_BYTES_MAX]).decode(),
    }
    return DeadLetter(**{**said, **changed})


async def listed(*letters: DeadLetter) -> AsyncIterator[tuple[Place, DeadLetter]]:
    for offset, one in enumerate(letters):
        yield (0, offset), one


def chain(*desks: str) -> list[DeadLetter]:
    """The letter of a mail, and of each handing in of it that was rejected again, under these desks' names."""
    made, fact_id = list[DeadLetter](), "f1"
    for offset, desk_id in enumerate(desks):
        fact_id = command_fact_id(desk_id, f"letter-{fact_id}") if made else fact_id
        made.append(letter(fact_id=fact_id, desk_id=desk_id, source=f"frontdesk.facts.v1/0/{offset}"))
    return made


@pytest.mark.parametrize("reason", ["desk_unknown", "wrong_partition", "unknown_kind", "decide_failed"])
async def test_what_a_customer_wrote_is_handed_in_once_its_cause_lay_elsewhere(reason: str) -> None:
    told = await sort(listed(letter(reason=reason)), NOW_MS)

    (found,) = told.found
    assert (found.fact, found.letter, found.desk_id, found.fact_id) == ((3, 1702), (0, 0), "acme", "f1")
    assert not told.left


@pytest.mark.parametrize(
    ("left", "why"),
    [
        (letter(source="smtp", reason="unreadable"), "only their sender can repeat them"),
        (letter(reason="invalid"), "wrong in themselves (invalid)"),
        (letter(received_at_ms=NOW_MS - DAYS_MAX * 86_400_000 - 1), "older than 7 days"),
        (letter(replace(MAIL, text="a" * DATA_BYTES_MAX)), "too long for a letter to hold"),
        (letter(data=base64.b64encode(b"\xff\xff").decode(), size_bytes=2), "cannot be decoded"),
        (letter(data="a", size_bytes=0), "cannot be decoded"),
        (letter(AgentSignedIn(agent_id="ana")), "no customer's words"),
        (letter(CallerHungUp(contact_id="c1")), "no customer's words"),
        (letter(ContactArrived(contact_id="c1", channel=Channel.PHONE, medium="voice")), "nobody is on the line"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
async def test_all_else_is_left_with_its_reason(left: DeadLetter, why: str) -> None:
    told = await sort(listed(left), NOW_MS)

    assert not told.found
    ((said, count),) = told.left.items()
    assert why in said
    assert count == 1


async def test_a_text_message_and_a_review_are_words_too() -> None:
    sms = ContactArrived(contact_id="c2", channel=Channel.PHONE, medium="sms")
    review = MentionSeen(kind="review", contact=replace(MAIL, channel=Channel.SOCIAL, medium="trustpilot"))

    assert len((await sort(listed(letter(sms), letter(review, fact_id="f2")), NOW_MS)).found) == 2


async def test_facts_of_a_partition_go_in_their_order_and_no_more_than_the_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places = ("frontdesk.facts.v2/1/9", "frontdesk.facts.v2/0/10", "frontdesk.facts.v2/0/9")
    told = await sort(listed(*(letter(source=place) for place in places)), NOW_MS)
    assert [one.fact for one in told.found] == [(0, 9), (0, 10), (1, 9)]

    monkeypatch.setattr(letters_again, "LETTERS_MAX", 2)
    told = await sort(listed(*(letter(source=place) for place in places)), NOW_MS)
    assert (len(told.found), told.over) == (2, 1)


async def test_of_a_desk_that_is_named_only_its_letters_go() -> None:
    told = await sort(
        listed(letter(), letter(desk_id="bank", source="frontdesk.facts.v1/0/2")), NOW_MS, desk_id="bank"
    )

    assert [one.desk_id for one in told.found] == ["bank"]
    assert told.left == {"of other desks": 1}


@pytest.mark.parametrize(
    ("desks", "to_desk", "goes"),
    [
        (["acmee", "acmee", "acmee"], "", 2),  # ids of the others are known at that desk
        (["acmee", "acmee", "acmee"], "acmee", 2),
        (["acmee", "acmee", "acmee"], "acme", 0),  # what it would be there, whatever came since
        (["acmee"], "acme", 0),
    ],
)
@pytest.mark.parametrize("backwards", [False, True])
async def test_what_was_handed_in_too_soon_is_one_fact_all_the_same(
    desks: list[str], to_desk: str, goes: int, backwards: bool
) -> None:
    made = chain(*desks)

    told = await sort(listed(*(made[::-1] if backwards else made)), NOW_MS, to_desk=to_desk)

    assert [one.fact for one in told.found] == [(0, goes)]
    assert sum(told.left.values()) == len(desks) - 1


async def test_words_whose_first_letter_is_too_old_do_not_go_elsewhere_by_a_later_one() -> None:
    first, second = chain("acmee", "acmee")
    old = msgspec.structs.replace(first, received_at_ms=NOW_MS - DAYS_MAX * 86_400_000 - 1)

    assert not (await sort(listed(old, second), NOW_MS, to_desk="acme")).found
    assert len((await sort(listed(old, second), NOW_MS)).found) == 1
