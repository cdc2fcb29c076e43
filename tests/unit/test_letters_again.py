"""Which dead letters can be handed in again, and why the others are left."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from services.cli import letters_again
from services.cli.letters_again import DAYS_MAX, sort
from services.contract.codec import encode_fact
from services.contract.facts import AgentSignedIn, CallerHungUp, Channel, ContactArrived, Fact, MentionSeen
from services.runtime.dead_letters import DATA_BYTES_MAX, DeadLetter

NOW_MS = 1_795_000_000_000
MAIL = ContactArrived(contact_id="c1", channel=Channel.EMAIL, medium="email", text="Where is it?")


def letter(body: Any = MAIL, **changed: Any) -> DeadLetter:
    data = encode_fact(Fact(fact_id="f1", desk_id="acme", source="smtp", body=body))
    said = {
        "source": "frontdesk.facts.v1/3/1702",
        "reason": "desk_unknown",
        "detail": "",
        "received_at_ms": NOW_MS - 1_000,
        "size_bytes": len(data),
        "data": base64.b64encode(data[:DATA_BYTES_MAX]).decode(),
    }
    return DeadLetter(**{**said, **changed})


async def listed(*letters: DeadLetter) -> AsyncIterator[DeadLetter]:
    for one in letters:
        yield one


@pytest.mark.parametrize("reason", ["desk_unknown", "wrong_partition", "unknown_kind", "decide_failed"])
async def test_what_a_customer_wrote_is_handed_in_once_its_cause_lay_elsewhere(reason: str) -> None:
    told = await sort(listed(letter(reason=reason)), NOW_MS)

    assert [one.fact.contact_arrived.text for one in told.found] == ["Where is it?"]
    assert not told.left


@pytest.mark.parametrize(
    ("left", "why"),
    [
        (letter(source="smtp", reason="unreadable"), "only their sender can repeat them"),
        (letter(reason="invalid"), "wrong in themselves (invalid)"),
        (letter(received_at_ms=NOW_MS - DAYS_MAX * 86_400_000 - 1), "older than 7 days"),
        (letter(replace(MAIL, text="a" * DATA_BYTES_MAX)), "too long for a letter to hold"),
        (letter(data=base64.b64encode(b"\xff\xff").decode(), size_bytes=2), "cannot be decoded"),
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

    assert len((await sort(listed(letter(sms), letter(review)), NOW_MS)).found) == 2


async def test_facts_of_a_partition_go_in_their_order_and_no_more_than_the_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places = ("frontdesk.facts.v2/1/9", "frontdesk.facts.v2/0/10", "frontdesk.facts.v2/0/9")
    told = await sort(listed(*(letter(source=place) for place in places)), NOW_MS)
    assert [(one.partition, one.offset) for one in told.found] == [(0, 9), (0, 10), (1, 9)]

    monkeypatch.setattr(letters_again, "LETTERS_MAX", 2)
    told = await sort(listed(*(letter(source=place) for place in places)), NOW_MS)
    assert (len(told.found), told.left["over 2 at once"]) == (2, 1)
