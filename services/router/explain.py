"""Decisions in plain words, for the people who have to trust them (routing.md 4).

    offered to A17: resolves 0.84 (billing .86 x authority .98), talk 212 s; B03 scored 71 worse; 4 speak no Telugu

Made from the events alone, so any reader of the log can say it, now or later. No personal data: there is none in
the events.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.contract import decisions as d
from services.contract.facts import DecisionWanted

LANGUAGES = {
    "en": "English",
    "de": "German",
    "sr": "Serbian",
    "sl": "Slovenian",
    "te": "Telugu",
    "pt": "Portuguese",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "hi": "Hindi",
    "ta": "Tamil",
    "tr": "Turkish",
    "nl": "Dutch",
    "pl": "Polish",
    "uk": "Ukrainian",
    "ru": "Russian",
    "ar": "Arabic",
}


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


steps = explained


def describe(event: d.Event) -> str:
    """One sentence; the kind's name for a kind that has no words here yet."""
    words = _WORDS.get(type(event))
    return words(event) if words is not None else type(event).__name__


def money(decision: DecisionWanted | d.Need) -> str:
    """For example "a refund of 180.00 EUR"."""
    kind = decision.decision_type or "decision"
    if not decision.amount_minor:
        return f"a {kind}"
    return f"a {kind} of {decision.amount_minor / 100:.2f} {decision.currency}".rstrip()


def _plain(label: str) -> str:
    return label.replace("_", " ")


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.0f} s"


def _share(value: float) -> str:
    return f"{value:.2f}".removeprefix("0") if value < 1 else "1"


# --- why ---------------------------------------------------------------------------------------------------


def _why(explanation: d.Explanation | None) -> list[str]:
    """Runners-up, who was left out, what was relaxed."""
    if explanation is None:
        return []
    parts = []
    for other in explanation.candidates[1:]:
        behind = other.score - explanation.candidates[0].score
        parts.append(f"{other.agent_id} scored {behind:.0f} worse")
    left_out = [_left_out(one, explanation) for one in explanation.exclusions]
    if left_out:
        parts.append(", ".join(left_out))
    if explanation.relaxations:
        parts.append("relaxed: " + ", ".join(_plain(rule) for rule in explanation.relaxations))
    return parts


def _left_out(exclusion: d.Exclusion, explanation: d.Explanation) -> str:
    need = explanation.need or d.Need()
    language = LANGUAGES.get(explanation.language, explanation.language) or "that language"
    topics = " or ".join(topic.topic_id for topic in need.topics) or "the topic"
    one = exclusion.agents == 1
    words = {
        "language": f"{'speaks' if one else 'speak'} no {language}",
        "certificate": f"{'is' if one else 'are'} not certified for {topics}",
        "authority": f"may not decide {money(need)}",
        "presence": f"{'is' if one else 'are'} not available",
        "capacity": f"{'is' if one else 'are'} busy",
        "had_it": "had it before",
        "declined_it": "declined it",
    }
    return f"{exclusion.agents} {words.get(exclusion.rule, _plain(exclusion.rule))}"


def _chosen(explanation: d.Explanation | None) -> list[str]:
    if explanation is None or not explanation.candidates:
        return []
    best, need = explanation.candidates[0], explanation.need or d.Need()
    covers = best.authority_covers
    skill = best.resolves / (covers + (1 - covers) * 0.6)
    topic = need.topics[0].topic_id if need.topics else "any topic"
    chance = f"resolves {best.resolves:.2f} ({topic} {_share(skill)} x authority {_share(covers)})"
    return [f"{chance}, talk {best.talk_seconds:.0f} s"]


# --- words for each kind of event --------------------------------------------------------------------------


def _offered(event: d.Offered) -> str:
    parts = [*_chosen(event.explanation), *_why(event.explanation)]
    return f"offered to {event.agent_id}" + (": " + "; ".join(parts) if parts else "")


def _queued(event: d.ContactQueued) -> str:
    place = "ahead of its class " if event.ahead else ""
    why = _why(event.explanation)
    return f"waits {place}in {event.queue_id or 'no queue'}: {_plain(event.reason.label)}" + (
        " (" + "; ".join(why) + ")" if why else ""
    )


def _opened(event: d.ContactOpened) -> str:
    need = event.need or d.Need()
    topic = need.topics[0].topic_id if need.topics else "unknown topic"
    parts = [f"arrived by {event.medium or event.channel.label}, {topic}"]
    if event.language:
        parts.append(LANGUAGES.get(event.language, event.language))
    if need.known and need.decision_type:
        parts.append(f"needs {money(need)}, level {need.least_level}")
    parts += [word for word in ("complaint", "public", "urgent", "repeat") if getattr(event, word)]
    return ", ".join(parts)


def _assigned(event: d.Assigned) -> str:
    kept = "within" if event.within_target else "after"
    return (
        f"{event.agent_id} has it, {_seconds(event.wait_since_arrival_ms)} after arrival, {kept} its target"
    )


def _help_requested(event: d.HelpRequested) -> str:
    what = money(event.decision_wanted) if event.decision_wanted else event.topic_id or "advice"
    asked = f"{event.owner_id} asks for {'approval of ' if event.decision_wanted else 'help with '}{what}"
    nobody = event.reason is not d.WaitingReason.UNSPECIFIED
    return f"{asked}; nobody joins yet: {_plain(event.reason.label)}" if nobody else asked


def _consult_ended(event: d.ConsultEnded) -> str:
    by = f" by {event.adviser_id}" if event.adviser_id else ", nobody joined"
    return f"help ended: {_plain(event.result.label)}{by}"


def _granted(event: d.ExceptionGranted) -> str:
    by = f", approved by {event.approver_id}" if event.approver_id else " within own grants"
    return f"{event.agent_id} granted {money(event.decision or DecisionWanted())}{by}"


def _wait_words(event: d.Abandoned) -> str:
    return (
        f"the customer left after {_seconds(event.wait_since_arrival_ms)} in {event.queue_id or 'no queue'}"
    )


def _mention(event: d.MentionNoted) -> str:
    stars = f", {event.stars:g} of 5 stars" if event.stars else ""
    what = f"{_plain(event.sentiment) or 'unclear'} {_plain(event.kind) or 'mention'}{stars}"
    return f"{what}: a rule of the desk makes it a contact" if event.addressed else f"{what}: no contact"


_WORDS: dict[type, Callable[[Any], str]] = {
    d.DeskApplied: lambda e: f"configuration {e.desk.version if e.desk else ''} is in force",
    d.AgentPresenceChanged: lambda e: (
        f"{e.agent_id} is {_plain(e.presence.label)}" + (f" ({_plain(e.reason)})" if e.reason else "")
    ),
    d.AgentMissedOffers: lambda e: f"{e.agent_id} left {e.missed} offers in a row unanswered",
    d.CaseOpened: lambda e: f"case opened: {e.topic_id or 'unknown topic'}",
    d.ContactOpened: _opened,
    d.ContactContinued: lambda _: "the customer wrote again",
    d.ContactQueued: _queued,
    d.TargetMissed: lambda e: f"waited past its {'target' if e.promise == 'target' else 'due time'}",
    d.Offered: _offered,
    d.OfferEnded: lambda e: (
        f"offer to {e.agent_id} {_plain(e.result.label)}" + (f": {_plain(e.reason)}" if e.reason else "")
    ),
    d.Assigned: _assigned,
    d.HelpRequested: _help_requested,
    d.ConsultStarted: lambda e: f"{e.adviser_id} joins, the owner keeps the customer",
    d.ConsultEnded: _consult_ended,
    d.HandoverStarted: lambda e: f"{e.from_agent_id} hands it over: {_plain(e.reason.label)}",
    d.HandoverEnded: lambda e: f"{e.agent_id} keeps it: hand-over {_plain(e.reason)}",
    d.Transferred: lambda e: (
        f"handed over from {e.from_agent_id} to {e.to_agent_id}, hop {e.hop}: " + _plain(e.reason.label)
    ),
    d.Escalated: lambda e: f"escalated from {e.from_agent_id} to {e.to_agent_id}: {_plain(e.reason)}",
    d.ExceptionGranted: _granted,
    d.CallbackPromised: lambda e: f"{e.owner_id} will call back",
    d.WrapUpStarted: lambda e: f"talk over, {e.agent_id} records the result",
    d.Resolved: lambda e: f"resolved by {e.agent_id}",
    d.Closed: lambda e: f"closed: {_plain(e.outcome.label)}" + (f", {e.agent_id}" if e.agent_id else ""),
    d.Abandoned: _wait_words,
    d.Reopened: lambda e: (
        f"came back {e.after_ms / 3_600_000:.1f} h after it was {'settled' if e.settled else 'closed'}"
    ),
    d.ResolutionConfirmed: lambda e: (
        "settled at first contact, confirmed"
        if e.first_contact
        else "repeat window over, not settled at first contact"
    ),
    d.Answered: lambda e: f"first {_plain(e.kind)} answer after {_seconds(e.after_ms)}",
    d.NonContactNoted: lambda e: (
        f"no contact: {_plain(e.kind)}" + (f", {_plain(e.call_state)}" if e.call_state else "")
    ),
    d.MentionNoted: _mention,
    d.IdentitiesLinked: lambda e: (
        f"linked ({_plain(e.strength.label)}) by {_plain(e.statement) or 'a statement'}"
    ),
    d.IdentitiesUnlinked: lambda e: "link taken back" + (f" by {e.agent_id}" if e.agent_id else ""),
    d.MentionAnswered: lambda e: f"a person answered the {_plain(e.kind) or 'mention'}, no contact",
    d.AnsweredEarly: lambda e: f"a {_plain(e.kind)} answer came before the message that it answers",
    d.Refused: lambda e: f"{_plain(e.command)} refused: {_plain(e.reason)}",
    d.DuplicateIgnored: lambda _: "the same fact again, ignored",
    d.FactRejected: lambda e: f"fact rejected, {_plain(e.reason)}: {e.detail}",
    d.DeadlineMoved: lambda e: f"looked at again later: {_plain(e.reason)}",
    d.Forgotten: lambda _: "no longer kept in memory",
    d.EndedEarly: lambda _: "the call ended before it arrived",
}
