"""A fault of ours costs one event: it becomes a dead letter, and its neighbours become facts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.contract.facts import ContactArrived
from services.intake import interpret
from services.intake.canonical import CanonicalEvent
from services.intake.channels import meta
from services.intake.facts import fact_of
from services.intake.need.reader import Need, NeedReader
from tests.unit.intake.world import interpreter, messenger, needs, said

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
