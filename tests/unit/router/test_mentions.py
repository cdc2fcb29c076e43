"""Mentions and reviews are contacts only where a rule of the desk says so; each is counted once, edits or not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.codec import encode_decision
from services.contract.desk import MentionRule
from services.contract.facts import Channel, Rating
from services.router.model import ContactState
from tests.unit.router.world import START_MS, World, agent, arrived, desk, names, only, refund

BAD_STARS = MentionRule(kinds=("review",), stars_at_most=3)
COMPLAINTS = MentionRule(complaint=True)


def world(*rules: MentionRule) -> World:
    return World(replace(desk(agent("A")), mention_rules=rules))


def mention(
    contact_id: str = "m", *, medium: str = "facebook", positive: bool = False, **changes: Any
) -> Any:
    contact = arrived(contact_id, Channel.SOCIAL, medium, public=True, thread=f"t-{contact_id}", **changes)
    return f.MentionSeen(kind="mention", contact=contact, positive=positive)


def review(contact_id: str = "r", stars: float = 5, scale: int = 5, **changes: Any) -> Any:
    seen = mention(contact_id, medium="trustpilot", rating=Rating(value=stars, scale=scale), **changes)
    return replace(seen, kind="review")


def test_a_mention_without_a_rule_is_noted_and_is_no_contact() -> None:
    desk_ = world()
    told = desk_.tell(mention(positive=True))

    assert names(told) == ["MentionNoted"]
    noted = only(told, d.MentionNoted)
    assert (noted.contact_id, noted.medium, noted.kind, noted.sentiment) == (
        "m",
        "facebook",
        "mention",
        "positive",
    )
    assert not noted.addressed and not desk_.desk.contacts
    assert b"Marker" not in encode_decision(told)


def test_a_mention_that_a_rule_takes_is_a_contact_under_its_own_id() -> None:
    desk_ = world(COMPLAINTS)
    told = desk_.tell(mention(complaint=True))

    assert names(told) == ["MentionNoted", "CaseOpened", "ContactOpened", "ContactQueued"]
    assert only(told, d.MentionNoted).addressed
    assert only(told, d.ContactOpened).mention == "mention"
    assert desk_.contact("m").state is ContactState.QUEUED


@pytest.mark.parametrize(
    ("rule", "seen", "taken"),
    [
        (BAD_STARS, review(stars=3), True),
        (BAD_STARS, review(stars=4), False),
        (BAD_STARS, review(stars=6, scale=10), True),
        (BAD_STARS, review(stars=7, scale=10), False),
        (BAD_STARS, review(stars=0, scale=0), False),
        (BAD_STARS, review(stars=float("nan")), False),
        (BAD_STARS, replace(review(stars=1), kind="mention"), False),
        (COMPLAINTS, mention(complaint=True), True),
        (COMPLAINTS, mention(), False),
        (MentionRule(asks=True), mention(wanted=refund(20)), True),
        (MentionRule(asks=True), mention(), False),
        (MentionRule(media=("facebook", "x_post")), mention(medium="x_post"), True),
        (MentionRule(media=("facebook", "x_post")), mention(medium="mastodon"), False),
        (MentionRule(languages=("de",)), mention(language="de"), True),
        (MentionRule(languages=("de",)), mention(language=""), False),
        (MentionRule(topic_ids=("refund",)), mention(topic="refund"), True),
        (MentionRule(topic_ids=("refund",)), mention(topic=""), False),
        (MentionRule(kinds=("mention",), complaint=True, media=("x_post",)), mention(complaint=True), False),
    ],
)
def test_every_condition_that_a_rule_gives_must_hold(rule: MentionRule, seen: Any, taken: bool) -> None:
    desk_ = world(rule)
    desk_.tell(seen)

    assert bool(desk_.desk.contacts) is taken


@pytest.mark.parametrize("text", ["Kada stiže?", "何ですか？", "أين طلبي؟", "When? I wait"])
def test_a_question_mark_of_any_script_asks(text: str) -> None:
    desk_ = world(MentionRule(asks=True))
    seen = mention()
    desk_.tell(replace(seen, contact=replace(seen.contact, text=text)))

    assert "m" in desk_.desk.contacts


def test_any_rule_that_takes_it_is_enough() -> None:
    desk_ = world(MentionRule(languages=("te",)), COMPLAINTS, BAD_STARS)
    desk_.tell(review(stars=1))

    assert "r" in desk_.desk.contacts


def test_a_review_that_turns_bad_by_an_edit_becomes_a_contact() -> None:
    desk_ = world(BAD_STARS)
    desk_.tell(review(stars=5))
    still_good = only(desk_.tell(review(stars=4)), d.MentionNoted)
    turned = only(desk_.tell(review(stars=1)), d.MentionNoted)

    assert (still_good.addressed, still_good.again) == (False, True)
    assert (turned.addressed, turned.again) == (True, True)
    assert "r" in desk_.desk.contacts and not desk_.desk.kept_mentions


def test_an_edit_of_a_review_that_is_an_open_contact_goes_on_in_it() -> None:
    desk_ = world(BAD_STARS)
    desk_.tell(review(stars=1))

    assert names(desk_.tell(review(stars=2))) == ["ContactContinued"]
    assert len(desk_.desk.contacts) == 1


def test_a_review_edited_after_its_contact_is_closed_comes_back_in_its_case() -> None:
    desk_ = world(BAD_STARS)
    desk_.sign_in("A")
    desk_.tell(review(stars=1))
    desk_.accept("r")
    desk_.resolve("r")

    assert names(desk_.tell(review(stars=5))) == []
    told = desk_.tell(review(stars=1))

    opened = only(told, d.ContactOpened)
    assert opened.contact_id != "r" and opened.case_id == desk_.contact("r").case_id
    assert only(told, d.Reopened).settled


def test_a_person_who_answers_a_mention_is_told_of_as_such() -> None:
    desk_ = world(COMPLAINTS)
    desk_.tell(mention(complaint=True))

    told = desk_.tell(f.MessageSent(thread_key="t-m", kind="human"))

    assert only(told, d.Answered).mention == "mention"


def test_the_same_delivery_twice_is_one_mention() -> None:
    desk_ = world(COMPLAINTS)
    desk_.tell(mention(complaint=True), fact_id="x")

    assert names(desk_.tell(mention(complaint=True), fact_id="x")) == ["DuplicateIgnored"]


@pytest.mark.parametrize("seen", [f.MentionSeen(kind="review"), f.MentionSeen(contact=f.ContactArrived())])
def test_a_mention_without_an_id_is_rejected(seen: f.MentionSeen) -> None:
    assert only(world().tell(seen), d.FactRejected).reason == "invalid"


def test_kept_mentions_are_bounded() -> None:
    desk_ = world()
    for number in range(1_100):
        desk_.tell(mention(f"m{number}"))

    assert len(desk_.desk.kept_mentions) == 1_024


@pytest.mark.parametrize("answer_first", [True, False])
def test_a_persons_answer_to_a_mention_that_is_no_contact_is_told_once(answer_first: bool) -> None:
    desk_ = world()
    desk_.now_ms += 60_000
    facts: list[tuple[int, Any]] = [(10, mention()), (20, f.MessageSent(thread_key="t-m", kind="human"))]
    told = [
        desk_.tell(body, occurred_ms=START_MS + at)
        for at, body in (reversed(facts) if answer_first else facts)
    ]

    answered = only([event for record in told for event in record.events], d.MentionAnswered)
    assert (answered.contact_id, answered.kind, answered.after_ms) == ("m", "mention", 10)
    assert names(desk_.tell(f.MessageSent(thread_key="t-m", kind="human"))) == []


def test_an_acknowledgement_or_an_older_word_of_ours_answers_no_mention() -> None:
    desk_ = world()
    desk_.now_ms += 60_000
    desk_.tell(mention(), occurred_ms=START_MS + 10)

    for kind, at in (("ack", 20), ("human", 5)):
        told = desk_.tell(f.MessageSent(thread_key="t-m", kind=kind), occurred_ms=START_MS + at)
        assert names(told) == ["AnsweredEarly"]
