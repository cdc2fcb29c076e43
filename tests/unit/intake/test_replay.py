"""frontdesk replay: what a recorded case becomes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.intake.accounts import Accounts
from services.intake.replay import DESK, Replay


@pytest.fixture(scope="module")
def replay() -> Replay:
    return Replay(Accounts(default_desk=DESK))


def case(*messages: dict[str, Any], keys: Any = "s") -> dict[str, Any]:
    """A delivery of Trustpilot, whose secret is a key in the URL."""
    return {
        "case": "one",
        "received_at": "2026-04-03T10:00:00Z",
        "secrets": {"url_key": keys, "verify_token": None},
        "request": {
            "method": "POST",
            "url": "https://desk.example/hooks/trustpilot?key=s",
            "headers": {"Content-Type": "application/json"},
            "body": json.dumps({"events": messages}),
        },
    }


def review(words: str, review_id: str = "r1") -> dict[str, Any]:
    data = {"id": review_id, "text": words, "stars": 2, "consumer": {"id": "u1"}, "language": "hr"}
    return {"eventName": "service-review-created", "eventData": data}


def test_what_stands_twice_in_one_delivery_is_one_event(replay: Replay) -> None:
    line = replay.line(case(review("Never again"), review("Never again"), review("Never again", "r2")))

    assert [event["provider_event_id"] for event in line["events"]] == ["r1", "r2"]
    assert len(line["facts"]) == 2


@pytest.mark.parametrize(("keys", "valid"), [("s", True), (["old", "s"], True), (None, False), ([], False)])
def test_secret_may_be_one_or_several_or_missing(replay: Replay, keys: Any, valid: bool) -> None:
    assert replay.line(case(review("x"), keys=keys))["signature_valid"] is valid


def test_slash_behind_the_path_is_the_same_provider(replay: Replay) -> None:
    given = case(review("Never again"))
    given["request"]["url"] = given["request"]["url"].replace("?", "/?")

    assert len(replay.line(given)["events"]) == 1


def test_standard_of_serbian_is_told_where_a_hint_names_it(replay: Replay) -> None:
    (event,) = replay.line(case(review("Gdje je moja narudžba od prošlog tjedna?")))["events"]

    assert event["language"] == "hr"
