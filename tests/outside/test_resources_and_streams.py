"""Reviews that intake fetches and events that are streamed to it, as recorded beside the webhook cases."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.intake.accounts import Accounts
from services.intake.canonical import Collector, Known, ProviderReply, Reading, Verdict
from services.intake.channels import app_store, mastodon
from services.intake.channels.cloudevents_format import from_kafka
from services.intake.interpret import Interpreter
from services.intake.replay import DESK, event_line, utc
from tests.outside.data import DATA, load, need_data
from tests.outside.test_webhook_cases import differences
from tests.unit.intake.world import IDENTITY_KEY, NOON_MS, needs

need_data()


def lines(source: str, found: Collector, known: Known) -> list[dict[str, Any]]:
    """The events as replay writes them."""
    interpreter = Interpreter(known, Accounts(default_desk=DESK), needs(), IDENTITY_KEY)
    reading = Reading(
        Verdict(True, "fetched"), ProviderReply(200), tuple(found.events), tuple(found.problems)
    )
    made = interpreter.events(source, reading, b"", NOON_MS)
    assert len(made.facts) == len(found.events)
    assert made.problems == ()
    return [
        event_line(source, event, need, NOON_MS) for event, need in zip(found.events, made.needs, strict=True)
    ]


def equal(events: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> None:
    assert len(events) == len(wanted)
    for event, expected in zip(events, wanted, strict=True):
        assert differences(event, expected) == {}
        assert event["thread_id"] == expected["thread_id"]


def test_app_store_reviews_are_equal() -> None:
    resource, found = load("webhooks/resources/appstore-review.json"), Collector()
    known = Known(values={app_store.APPS.name: ("1",), app_store.PRIVATE_KEY.name: ("set",)})
    wanted = app_store.REVIEWS.first(known, "")
    assert wanted is not None
    app_store.REVIEWS.read(json.dumps(resource["body"]).encode(), wanted, known, "", found)

    equal(lines("app_store", found, known), resource["expected"])


def test_mastodon_events_are_equal() -> None:
    wanted, found = load("webhooks/streams/mastodon-mention.expected.json")["events"], Collector()
    known = Known(values={mastodon.ACCOUNT.name: ("acmecare@m.example",), mastodon.TOKEN.name: ("set",)})
    for name, data in served((DATA / "webhooks/streams/mastodon-mention.sse").read_text(encoding="utf-8")):
        mastodon.read_event(name, data, known, found)

    equal(lines("mastodon", found, known), wanted)


def served(stream: str) -> list[tuple[str, bytes]]:
    """Name and data of each event of a recorded stream, one line of each."""
    events = [dict(line.split(": ", 1) for line in one.splitlines()) for one in stream.strip().split("\n\n")]
    return [(event["event"], event["data"].encode()) for event in events]


@pytest.mark.parametrize("name", ["kafka-binary", "kafka-structured"])
def test_cloudevents_of_the_conformance_suite_are_equal(name: str) -> None:
    case = load(f"cloudevents/{name}.json")
    wanted = case["parsed"]
    headers = {header: value.encode() for header, value in case["kafka_headers"].items()}
    found = from_kafka(headers, case["value"].encode())

    assert (found.id, found.source, found.type, found.data) == tuple(
        wanted[field] for field in ("id", "source", "type", "data")
    )
    assert utc(found.at_ms) == wanted["time"]
