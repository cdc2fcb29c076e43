"""Decisions in plain words, for the people who have to trust them (routing.md 4).

    offered to A17: resolves 0.84 (billing .86 x authority .98), talk 212 s; B03 0.71 (71 worse); 4 speak no Telugu

Made from the events alone, so any reader of the log can say it, now or later. No personal data: there is none in
the events.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.contract import decisions as d
from services.contract.facts import DecisionWanted
from services.router.weighed import LANGUAGES, WAITS, chosen, money, plain, waits, why


@dataclass(frozen=True, slots=True)
class ExplainedStep:
    """One event in words, with what was weighed where something was."""

    summary: str
    explanation: d.Explanation | None = None


def explained(record: d.Decision, contact_id: str) -> list[ExplainedStep]:
    """What a record says about one contact, in order."""
    return [
        ExplainedStep(describe(event), getattr(event, "explanation", None))
        for event in record.events
        if getattr(event, "contact_id", "") == contact_id
    ]


def describe(event: d.Event) -> str:
    """One sentence; the kind's name for a kind that has no words here yet."""
    words = _WORDS.get(type(event))
    return words(event) if words is not None else type(event).__name__


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.0f} s"


# --- words for each kind of event --------------------------------------------------------------------------


def _offered(event: d.Offered) -> str:
    parts = [*chosen(event.explanation), *why(event.explanation, offered=True)]
    return f"offered to {event.agent_id}" + (": " + "; ".join(parts) if parts else "")


def _queued(event: d.ContactQueued) -> str:
    place = "ahead of its class " if event.ahead else ""
    parts = why(event.explanation, offered=False)
    return "; ".join([f"waits {place}in {event.queue_id or 'no queue'}: {waits(event.reason)}", *parts])


def _later(event: d.DeadlineMoved) -> str:
    reasons = {reason.label: words for reason, words in WAITS.items()}
    return "; ".join(
        [
            f"looked at again later: {reasons.get(event.reason) or plain(event.reason)}",
            *why(event.explanation, offered=False),
        ]
    )


def _presence(event: d.AgentPresenceChanged) -> str:
    words = f"{event.agent_id} is {plain(event.presence.label)}" + (
        f" ({plain(event.reason)})" if event.reason else ""
    )
    if not event.shift_ends_at_ms:
        return words
    return f"{words}, shift ends {datetime.fromtimestamp(event.shift_ends_at_ms / 1000, UTC):%H:%M} UTC"


def _opened(event: d.ContactOpened) -> str:
    need = event.need or d.Need()
    topic = need.topics[0].topic_id if need.topics else "unknown topic"
    parts = [f"arrived by {event.medium or event.channel.label}, {topic}"]
    if event.language:
        parts.append(LANGUAGES.get(event.language, event.language))
    if need.known and need.decision_type:
        parts.append(f"needs {money(need)}, level {need.least_level}")
    if event.tier:
        parts.append(f"{plain(event.tier)} customer")
    parts += [word for word in ("complaint", "public", "urgent", "repeat") if getattr(event, word)]
    return ", ".join(parts)


def _assigned(event: d.Assigned) -> str:
    kept = "within" if event.within_target else "after"
    hop = f", hop {event.hop}: its owner had no room" if event.hop else ""
    return f"{event.agent_id} has it, {_seconds(event.wait_since_arrival_ms)} after arrival, {kept} its target{hop}"


def _help_requested(event: d.HelpRequested) -> str:
    what = money(event.decision_wanted) if event.decision_wanted else event.topic_id or "advice"
    asked = f"{event.owner_id} asks for {'approval of ' if event.decision_wanted else 'help with '}{what}"
    nobody = event.reason is not d.WaitingReason.UNSPECIFIED
    return f"{asked}; nobody joins yet: {waits(event.reason)}" if nobody else asked


def _consult_ended(event: d.ConsultEnded) -> str:
    by = f" by {event.adviser_id}" if event.adviser_id else ", nobody joined"
    return f"help ended: {plain(event.result.label)}{by}"


def _granted(event: d.ExceptionGranted) -> str:
    by = f", approved by {event.approver_id}" if event.approver_id else " within own grants"
    return f"{event.agent_id} granted {money(event.decision or DecisionWanted())}{by}"


def _wait_words(event: d.Abandoned) -> str:
    return (
        f"the customer left after {_seconds(event.wait_since_arrival_ms)} in {event.queue_id or 'no queue'}"
    )


def _mention(event: d.MentionNoted) -> str:
    stars = f", {event.stars:g} of 5 stars" if event.stars else ""
    what = f"{plain(event.sentiment) or 'unclear'} {plain(event.kind) or 'mention'}{stars}"
    return f"{what}: a rule of the desk makes it a contact" if event.addressed else f"{what}: no contact"


_PROMISES = {"target": "its target", "callback": "the time told for its call-back"}

_WORDS: dict[type, Callable[[Any], str]] = {
    d.DeskApplied: lambda e: f"configuration {e.desk.version if e.desk else ''} is in force",
    d.AgentPresenceChanged: _presence,
    d.AgentMissedOffers: lambda e: f"{e.agent_id} left {e.missed} offers in a row unanswered",
    d.CaseOpened: lambda e: f"case opened: {e.topic_id or 'unknown topic'}",
    d.ContactOpened: _opened,
    d.ContactContinued: lambda _: "the customer wrote again",
    d.ContactQueued: _queued,
    d.TargetMissed: lambda e: f"waited past {_PROMISES.get(e.promise, 'its due time')}",
    d.Offered: _offered,
    d.OfferEnded: lambda e: (
        f"offer to {e.agent_id} {plain(e.result.label)}" + (f": {plain(e.reason)}" if e.reason else "")
    ),
    d.Assigned: _assigned,
    d.HelpRequested: _help_requested,
    d.ConsultStarted: lambda e: f"{e.adviser_id} joins, the owner keeps the customer",
    d.ConsultEnded: _consult_ended,
    d.OverloadBegan: lambda e: (
        f"overload begins: {e.past_target} of {e.waiting} who wait are past their target"
    ),
    d.OverloadEnded: lambda e: f"overload ends after {e.after_ms // 1000} s",
    d.MessagesRefused: lambda _: "the customer refuses further messages: none is due any more",
    d.MessageDue: lambda e: f"the customer is to be told: {plain(e.kind)}",
    d.HelpPassedOn: lambda e: f"{e.adviser_id} leaves the request ({plain(e.reason)}), the next one is asked",
    d.HandoverStarted: lambda e: f"{e.from_agent_id} hands it over: {plain(e.reason.label)}",
    d.HandoverEnded: lambda e: f"{e.agent_id} keeps it: hand-over {plain(e.reason)}",
    d.Transferred: lambda e: (
        f"handed over from {e.from_agent_id} to {e.to_agent_id}, hop {e.hop}: " + plain(e.reason.label)
    ),
    d.Escalated: lambda e: f"escalated from {e.from_agent_id} to {e.to_agent_id}: {plain(e.reason)}",
    d.ExceptionGranted: _granted,
    d.CallbackPromised: lambda e: (
        f"{e.owner_id or 'whoever is free'} will call back"
        + (", later than was told first" if e.replaces_at_ms else "")
        + (", an approval is looked for until then" if e.help_id else "")
    ),
    d.CustomerAwaited: lambda e: {
        "silent": f"the customer is silent, {e.agent_id} has room for others",
        "reminded": "the customer is reminded",
        "agent_gone": f"{e.agent_id} has gone, the customer is awaited still",
    }.get(e.stage, f"{e.agent_id} waits for the customer's answer"),
    d.CustomerReturned: lambda e: f"the customer answered, {e.agent_id} goes on",
    d.WrapUpStarted: lambda e: f"talk over, {e.agent_id} records the result",
    d.Resolved: lambda e: f"resolved by {e.agent_id}",
    d.Closed: lambda e: f"closed: {plain(e.outcome.label)}" + (f", {e.agent_id}" if e.agent_id else ""),
    d.Abandoned: _wait_words,
    d.Reopened: lambda e: (
        f"came back {e.after_ms / 3_600_000:.1f} h after it was {'settled' if e.settled else 'closed'}"
    ),
    d.ResolutionConfirmed: lambda e: (
        "settled at first contact, confirmed"
        if e.first_contact
        else "repeat window over, not settled at first contact"
    ),
    d.Answered: lambda e: f"first {plain(e.kind)} answer after {_seconds(e.after_ms)}",
    d.NonContactNoted: lambda e: (
        f"no contact: {plain(e.kind)}" + (f", {plain(e.call_state)}" if e.call_state else "")
    ),
    d.MentionNoted: _mention,
    d.IdentitiesLinked: lambda e: (
        f"linked ({plain(e.strength.label)}) by {plain(e.statement) or 'a statement'}"
    ),
    d.IdentitiesUnlinked: lambda e: "link taken back" + (f" by {e.agent_id}" if e.agent_id else ""),
    d.MentionAnswered: lambda e: f"a person answered the {plain(e.kind) or 'mention'}, no contact",
    d.AnsweredEarly: lambda e: f"a {plain(e.kind)} answer came before the message that it answers",
    d.PricesApplied: lambda e: (
        f"prices of epoch {e.epoch} are in force, the highest "
        f"{max([part.price for part in e.prices], default=0.0):.2f}/s ({plain(e.source.label)})"
    ),
    d.OutboundNoted: lambda e: f"a message went out: {plain(e.kind) or 'other'}",
    d.SurveyNoted: lambda e: f"a survey was answered: {e.score} of 5",
    d.ChangeNoted: lambda e: f"a change of the service is marked: {e.change}",
    d.HeartbeatPassed: lambda _: "a sign of life passed by",
    d.ForecastApplied: lambda e: f"a forecast of {len(e.rows)} rows is in force",
    d.Refused: lambda e: f"{plain(e.command)} refused: {plain(e.reason)}",
    d.DuplicateIgnored: lambda _: "the same fact again, ignored",
    d.FactRejected: lambda e: f"fact rejected, {plain(e.reason)}: {e.detail}",
    d.DeadlineMoved: _later,
    d.Forgotten: lambda _: "no longer kept in memory",
    d.EndedEarly: lambda _: "the call ended before it arrived",
}
