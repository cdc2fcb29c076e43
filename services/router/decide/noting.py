"""What is noted for measures and moves nothing: scores of surveys, changes of the service, signs of life."""

from __future__ import annotations

import re

from services.contract.decisions import ChangeNoted, HeartbeatPassed, SurveyNoted
from services.contract.facts import ChangeMarked, Fact, Heartbeat, SurveyAnswered
from services.router.decide.refusal import Malformed, Refuse
from services.router.decide.step import Step
from services.router.decide.words import checked_ids
from services.router.model import Contact

_CHANGE = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")


def survey_answered(step: Step, body: SurveyAnswered) -> None:
    """Counted where the contact waited first, while it is remembered; a later answer has its channel only."""
    checked_ids("survey_answered", contact_id=body.contact_id)
    if not 1 <= body.score <= 5:
        raise Malformed("survey_answered: score must be from 1 to 5")
    contact = step.desk.contacts.get(body.contact_id)
    step.emit(
        SurveyNoted(
            contact_id=body.contact_id,
            score=body.score,
            channel=body.channel if contact is None else contact.channel,
            queue_id="" if contact is None else contact.first_queue_id,
            after_ms=_since_closing_ms(step, contact),
        )
    )


def _since_closing_ms(step: Step, contact: Contact | None) -> int:
    """0 while the case is open, and once it is forgotten."""
    case = None if contact is None else step.desk.cases.get(contact.case_id)
    return step.at_ms - case.closed_at_ms if case is not None and case.closed_at_ms else 0


def change_marked(step: Step, body: ChangeMarked) -> None:
    """The name becomes a label, so it is held to one word."""
    if not _CHANGE.fullmatch(body.change):
        raise Refuse("malformed", "change must be 1 to 60 lower-case letters, digits, '-' or '_'")
    at_ms = min(body.effective_at_ms, step.at_ms) if body.effective_at_ms > 0 else step.occurred_ms
    step.emit(ChangeNoted(change=body.change, effective_at_ms=at_ms))
    step.accept(body.change)


def heartbeat_passed(fact: Fact, body: Heartbeat) -> HeartbeatPassed:
    """Told as it came; it needs no desk."""
    return HeartbeatPassed(born_at_ms=body.born_at_ms, received_at_ms=fact.received_at_ms)
