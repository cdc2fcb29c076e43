"""Trustpilot: one request holds several reviews; only the URL's key proves where it comes from."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.contract.facts import MentionSeen, NonContactSeen
from services.intake.canonical import CanonicalEvent, Delivery, Known, Reading
from services.intake.channels import PATHS
from services.intake.channels.trustpilot import URL_KEYS
from tests.unit.intake.world import NOON_MS, PUBLIC_URL, interpreter

KNOWN = Known(values={URL_KEYS.name: ("old-key", "new-key")})
PATH = "/hooks/trustpilot"


def posted(body: Any, query: str = "?key=new-key") -> Delivery:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Delivery.of(
        "POST", PUBLIC_URL + PATH + query, [("Content-Type", "application/json")], raw, NOON_MS
    )


def review(name: str = "service-review-created", **changed: Any) -> dict[str, Any]:
    data = {
        "id": "r1",
        "title": "Spät",
        "text": "Das Paket kam nie an.",
        "stars": 1,
        "language": "de",
        "referenceId": "A-77",
        "createdAt": "2026-04-03T12:00:00.000Z",
        "consumer": {"id": "c1", "name": "Jutta"},
    }
    return {"eventName": name, "version": "1", "eventData": {**data, **changed}}


def read(*events: Any, query: str = "?key=new-key") -> Reading:
    return PATHS[PATH].read(posted({"events": list(events)}, query), KNOWN)


def event(*events: Any, query: str = "?key=new-key") -> CanonicalEvent:
    return read(*events, query=query).events[0]


def facts(*events: Any) -> list[Any]:
    delivery = posted({"events": list(events)})
    return list(interpreter(known=KNOWN).webhook(PATHS[PATH], delivery).facts)


@pytest.mark.parametrize("query", ["", "?key=", "?key=wrong", "?key=old-key&key=new-key", "?token=new-key"])
def test_another_key_publishes_nothing(query: str) -> None:
    reading = read(review(), query=query)

    assert (reading.events, reading.reply.status) == ((), 403)


@pytest.mark.parametrize("key", ["old-key", "new-key"])
def test_either_key_verifies_while_they_are_exchanged(key: str) -> None:
    assert read(review(), query=f"?key={key}").verdict.signature_valid


def test_without_a_key_of_ours_nothing_verifies() -> None:
    assert not PATHS[PATH].read(posted({"events": [review()]}, "?key="), Known()).verdict.signature_valid


def test_the_consumer_is_known_by_an_id_and_the_order_by_its_reference() -> None:
    found = event(review())

    assert found.customer is not None
    assert (found.customer.type, found.customer.value, found.customer.name) == (
        "trustpilot_user",
        "c1",
        "Jutta",
    )
    assert (found.reference, found.rating and found.rating.value, found.public) == ("A-77", 1, True)


def test_a_product_review_has_its_words_in_content() -> None:
    data = review("product-review-created", content="Bricht sofort.", text=None, title=None)
    data["eventData"]["consumer"] = {"id": "c2", "displayName": "M."}
    found = event(data)

    assert found.customer is not None
    assert (found.text, found.subject, found.customer.name) == ("Bricht sofort.", "", "M.")


def test_an_update_is_a_fact_of_its_own_and_its_repetition_is_not() -> None:
    created, updated, again, other = facts(
        review(),
        review("service-review-updated", stars=4),
        review("service-review-updated", stars=5),
        review("service-review-updated", stars=5, updatedAt="2026-04-05T10:00:00Z"),
    )

    assert len({created.fact_id, updated.fact_id, again.fact_id, other.fact_id}) == 4
    assert facts(review("service-review-updated", stars=4))[0].fact_id == updated.fact_id
    assert isinstance(updated.body, MentionSeen)
    assert updated.body.contact and created.body.contact
    assert updated.body.contact.contact_id == created.body.contact.contact_id


def test_a_deletion_is_no_contact() -> None:
    deleted = facts({"eventName": "service-review-deleted", "eventData": {"id": "r1"}})[0]

    assert isinstance(deleted.body, NonContactSeen)
    assert (deleted.body.kind, deleted.body.about_id) == ("deletion", "r1")


def test_one_bad_event_does_not_lose_its_neighbours() -> None:
    reading = read("no object", {"eventName": "service-review-created"}, review(), {"eventName": "award-won"})

    assert [found.provider_event_id for found in reading.events] == ["r1"]
    assert [problem.reason for problem in reading.problems] == [
        "unknown_event",
        "unreadable",
        "unknown_event",
    ]
    assert reading.reply.status == 200


@pytest.mark.parametrize("body", [b"", b"[]", b'{"events": {}}', b"\xff"])
def test_what_is_not_the_format_is_a_dead_letter(body: bytes) -> None:
    reading = PATHS[PATH].read(posted(body), KNOWN)

    assert ([problem.reason for problem in reading.problems], reading.reply.status) == (["unreadable"], 200)


@pytest.mark.parametrize("stars", [0, 6, "5", None, True, -1, 2.0])
def test_stars_are_one_to_five_or_no_rating(stars: Any) -> None:
    rating = event(review(stars=stars)).rating

    assert (rating.value if rating else None) == {"5": 5, 2.0: 2}.get(stars)


def test_the_url_names_the_account_for_which_the_payload_has_no_word() -> None:
    assert event(review()).account == "trustpilot"
    assert event(review(), query="?key=new-key&account=acme-berlin").account == "acme-berlin"
