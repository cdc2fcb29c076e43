"""A fault of ours costs one event: it becomes a dead letter, and its neighbours become facts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.contract.facts import ContactArrived
from services.intake import interpret
from services.intake.canonical import CanonicalEvent, Delivery
from services.intake.channels import PATHS, meta
from services.intake.facts import fact_of
from services.intake.need.reader import Need, NeedReader
from tests.unit.intake.world import NOON_MS, interpreter, messenger, needs, path_of, postmark, said, sms

PERSONAL = "+381641112223"
DELIVERY = messenger(said("first", "m1"), said("odd", "m2"), said("third", "m3"))


def odd(event: CanonicalEvent) -> None:
    if event.text == "odd":
        raise RecursionError(f"{PERSONAL} is odd")


class OddNeeds(NeedReader):
    """Fails at one text."""

    def read(self, event: CanonicalEvent, account_language: str = "") -> Need:
        odd(event)
        return super().read(event, account_language)


def odd_fact(event: CanonicalEvent, *given: Any, **named: Any) -> Any:
    odd(event)
    return fact_of(event, *given, **named)


@pytest.mark.parametrize("step", ["need", "fact"])
def test_event_that_fails_is_a_dead_letter_and_its_neighbours_are_facts(
    step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = interpreter()
    if step == "need":
        reader = replace(reader, needs=OddNeeds(needs().languages, time_limit_ms=60_000))
    else:
        monkeypatch.setattr(interpret, "fact_of", odd_fact)

    found = reader.webhook(meta.WEBHOOK, DELIVERY)

    assert found.reading.reply.status == 200
    texts = [fact.body.text for fact in found.facts if isinstance(fact.body, ContactArrived)]
    assert texts == ["first", "third"]
    assert len(found.needs) == len(found.reading.events) == 3
    (problem,) = found.problems
    assert (problem.reason, problem.data) == ("reader_failed", DELIVERY.body)
    assert "RecursionError" in problem.detail
    assert PERSONAL not in problem.detail


DAY_MS = 24 * 3_600_000


def too_old(delivery: Delivery, days: int) -> tuple[list[str], list[str]]:
    """Provider ids of the facts, and reasons of the dead letters, where events may be eight days old."""
    careful = replace(interpreter(), event_age_ms_max=8 * DAY_MS)
    late = replace(delivery, received_at_ms=delivery.received_at_ms + days * DAY_MS)
    found = careful.webhook(PATHS[path_of(late)], late)
    assert found.reading.reply.status == 200
    return [event.provider_event_id for event in found.reading.events], [one.reason for one in found.problems]


def test_event_that_is_older_than_the_routers_memory_is_a_dead_letter_where_that_is_asked_for() -> None:
    one = messenger(said("hello", "m1"))
    assert (too_old(one, 7), too_old(one, 9)) == ((["m1"], []), ([], ["too_old"]))
    assert interpret_as_ever(replace(one, received_at_ms=NOON_MS + 900 * DAY_MS)) == ["m1"]


def test_old_event_does_not_cost_its_young_neighbour() -> None:
    young = {**said("new", "m2"), "timestamp": NOON_MS + 5 * DAY_MS}
    assert too_old(messenger(said("old", "m1"), young), 9) == (["m2"], ["too_old"])


def test_only_the_providers_own_clock_makes_an_event_old() -> None:
    """Twilio tells no time of a message, and a mail's Date is its sender's clock."""
    assert too_old(sms(), 900) == (["SM1"], [])
    assert too_old(postmark(), 900) == (["pm-1"], [])


def interpret_as_ever(delivery: Delivery) -> list[str]:
    found = interpreter().webhook(PATHS[path_of(delivery)], delivery)
    return [event.provider_event_id for event in found.reading.events]
