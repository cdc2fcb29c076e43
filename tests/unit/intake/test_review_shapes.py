"""Each node of a delivery as every other type: what polls, streams and hooks of reviews read never raises."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest

from services.contract.codec import encode_fact
from services.intake.canonical import Collector, Known, ProviderReply, Reading, Verdict
from services.intake.channels import FETCHERS, PATHS, app_store, google_play, mastodon
from services.intake.channels.polling import Poller
from services.intake.interpret import Interpreted
from services.intake.values import Unreadable
from tests.unit.intake import (
    test_app_reviews,
    test_cloudevents,
    test_google_reviews,
    test_mastodon,
    test_standard_webhooks,
    test_trustpilot,
)
from tests.unit.intake.world import NOON_MS, interpreter

OTHERS: list[Any] = [
    None,
    True,
    0,
    -1,
    1e308,
    2**70,
    "",
    "\ud800",
    "x" * 5_000,
    "9" * 400,
    [],
    {},
    [1],
    {"a": 1},
    [[]],
]
Read = Callable[[Any], Interpreted | None]


def hook(path: str, known: Known, delivered: Callable[[Any], Any]) -> Read:
    return lambda body: interpreter(known=known).webhook(PATHS[path], delivered(body))


def polled(poller: Poller, known: Known) -> Read:
    """A page; what it leads to must be an address of the provider's."""

    def read(body: Any) -> Interpreted | None:
        found, wanted = Collector(), poller.first(known, "5")
        assert wanted is not None
        try:
            page = poller.read(json.dumps(body).encode(), wanted, known, "5", found)
        except Unreadable:
            return None
        assert page.more is None or FETCHERS[page.more.fetcher].allows(page.more.url)
        return made(poller.source, found, known)

    return read


def streamed(body: Any) -> Interpreted | None:
    found = Collector()
    try:
        mastodon.read_event("notification", json.dumps(body).encode(), test_mastodon.KNOWN, found)
    except Unreadable:
        return None
    return made("mastodon", found, test_mastodon.KNOWN)


def made(source: str, found: Collector, known: Known) -> Interpreted:
    reading = Reading(Verdict(True, "fetched"), ProviderReply(200), tuple(found.events))
    return interpreter(known=known).events(source, reading, b"", NOON_MS)


def google(body: Any) -> Any:
    return test_google_reviews.push(fetched={test_google_reviews.URL: json.dumps(body).encode()})


CONTACT = {**test_cloudevents.CONTACT, "rating": {"value": 1, "scale": 5}, "html": "<p>", "call_id": "1"}
READERS: dict[str, tuple[Read, Any]] = {
    "trustpilot": (
        hook(test_trustpilot.PATH, test_trustpilot.KNOWN, test_trustpilot.posted),
        {"events": [test_trustpilot.review()]},
    ),
    "google": (
        hook(test_google_reviews.PATH, test_google_reviews.NETWORK, google),
        test_google_reviews.REVIEW,
    ),
    "google_push": (
        hook(test_google_reviews.PATH, test_google_reviews.NETWORK, test_google_reviews.push),
        test_google_reviews.NOTICE,
    ),
    "cloudevents": (
        hook(test_cloudevents.PATH, test_cloudevents.KNOWN, test_cloudevents.structured),
        test_cloudevents.event(CONTACT),
    ),
    "standard_webhooks": (
        hook(
            test_standard_webhooks.PATH,
            test_standard_webhooks.KNOWN,
            lambda body: test_standard_webhooks.delivery(json.dumps(body).encode()),
        ),
        {**test_standard_webhooks.BODY, "data": CONTACT},
    ),
    "app_store": (
        polled(app_store.REVIEWS, test_app_reviews.APPLE),
        {"data": [test_app_reviews.apple()], "links": {"next": test_app_reviews.APPLE_LIST}},
    ),
    "google_play": (
        polled(google_play.REVIEWS, test_app_reviews.PLAY),
        {"reviews": [test_app_reviews.play(answered=True)], "tokenPagination": {"nextPageToken": "x"}},
    ),
    "mastodon_list": (polled(mastodon.NOTIFICATIONS, test_mastodon.KNOWN), [test_mastodon.notification()]),
    "mastodon_stream": (streamed, test_mastodon.notification()),
}


@pytest.mark.parametrize("name", READERS)
def test_any_node_may_be_of_another_type(name: str) -> None:
    read, body = READERS[name]
    for place in places(body):
        for other in OTHERS:
            found = read(replaced(body, place, other))
            if found is None:
                continue
            assert not [one for one in found.problems if one.reason == "reader_failed"], (place, other)
            for fact in found.facts:
                encode_fact(fact)


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where every node of a document stands."""
    yield place
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield from places(one, (*place, key))


def replaced(value: Any, place: tuple[Any, ...], other: Any) -> Any:
    if not place:
        return other
    changed = deepcopy(value)
    node = changed
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = other
    return changed
