"""Surveys and complaints: what customers say (operations.md 1.2; requirements S2.1, S2.2, S2.6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.contract.decisions import Answered, ContactOpened, OutboundNoted, SurveyNoted
from services.metrics.desk_measures import (
    COMPLAINT_RESPONSE,
    COMPLAINTS,
    SURVEY_DELAY,
    SURVEY_RESPONSES,
    SURVEYS_SENT,
)
from services.metrics.folds.scene import Scene
from services.metrics.folds.totals import Move, Series, channel_label, count, observe, total, total_sum


def opened(event: ContactOpened, scene: Scene) -> Iterator[Move]:
    if event.complaint:
        queue = scene.queue_of(event.contact_id)
        yield count(COMPLAINTS, channel_label(event.channel.label), queue, _yes(event.public))


def answered(event: Answered, scene: Scene) -> Iterator[Move]:
    if event.complaint and event.kind == "human":
        channel, queue = channel_label(event.channel.label), scene.desk.queue(event.queue_id)
        yield from observe(COMPLAINT_RESPONSE, channel, queue, _yes(event.public), value=event.after_ms)


def surveyed(event: SurveyNoted, scene: Scene) -> Iterator[Move]:
    """No answer is no score: only what customers said is counted."""
    if 1 <= event.score <= 5:
        channel, queue = channel_label(event.channel.label), scene.desk.queue(event.queue_id)
        yield count(SURVEY_RESPONSES, channel, queue, str(event.score))
        if event.after_ms > 0:
            yield from observe(SURVEY_DELAY, channel, queue, value=event.after_ms)


def sent(event: OutboundNoted, scene: Scene) -> Iterator[Move]:
    if event.kind == "survey":
        yield count(SURVEYS_SENT, channel_label(event.channel.label), scene.desk.queue(event.queue_id))


def _yes(value: bool) -> str:
    return "true" if value else "false"


def result(totals: Mapping[Series, int]) -> dict[str, int]:
    """The parts of GetKpis that speak of satisfaction."""
    satisfied = sum(total(totals, SURVEY_RESPONSES, score=score) for score in ("4", "5"))
    return {
        "surveys_sent": total(totals, SURVEYS_SENT),
        "survey_responses": total(totals, SURVEY_RESPONSES),
        "satisfied": satisfied,
        "survey_delays": total(totals, SURVEY_DELAY),
        "survey_delay_ms": total_sum(totals, SURVEY_DELAY),
        "complaints": total(totals, COMPLAINTS),
        "complaints_public": total(totals, COMPLAINTS, public="true"),
        "complaint_responses": total(totals, COMPLAINT_RESPONSE),
        "complaint_response_ms": total_sum(totals, COMPLAINT_RESPONSE),
    }
