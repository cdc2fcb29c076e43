"""Advice and approvals: the customer stays with the owner (routing.md 2.8, rule 1)."""

from __future__ import annotations

from dataclasses import replace

from services.contract.facts import (
    DecisionWanted,
    HelpAnswered,
    HelpAsked,
    HelpKind,
    HelpResult,
)
from services.router.authority import covers, needed_level
from services.router.decide import helping
from services.router.decide.owned import known_agent, owned
from services.router.decide.placing import serve
from services.router.decide.refusal import Refuse
from services.router.decide.step import Step
from services.router.model import Contact, ContactState, Help

WORD_LENGTH_MAX = 40


def asked(step: Step, body: HelpAsked) -> None:
    """Somebody free joins at once, else the request waits; one request per contact at a time."""
    contact = owned(step, body.contact_id, body.agent_id, body.epoch, ContactState.ASSIGNED)
    if body.kind is HelpKind.APPROVAL:
        wanted = checked_decision(step, body.decision_wanted)
        level = approval_level(step, contact, wanted)
        help_id = helping.ask(step, contact, HelpKind.APPROVAL, level=level, wanted=wanted)
    elif body.kind is HelpKind.EXPERT:
        topic_id = body.topic_id
        if topic_id and topic_id not in step.crew.roster.topics:
            raise Refuse("malformed", "topic_id must be a topic of the desk, or empty for the contact's own")
        help_id = helping.ask(step, contact, HelpKind.EXPERT, topic_id=topic_id)
    else:
        raise Refuse("malformed", "kind must be expert or approval")
    step.accept(help_id)


def answered(step: Step, body: HelpAnswered) -> None:
    """The adviser answers, or the owner takes the question back; the adviser is free again."""
    known_agent(step, body.agent_id)
    request = step.desk.helps.get(body.help_id)
    if request is None:
        raise Refuse("expired", "the request for help is over, or never was")
    _check_answer(step, request, body)
    adviser_id = helping.end(step, request.contact_id, body.result)
    step.accept(body.help_id)
    if adviser_id:
        serve(step, adviser_id)


def _check_answer(step: Step, request: Help, body: HelpAnswered) -> None:
    if body.result is HelpResult.CANCELLED and body.agent_id in (request.owner_id, request.adviser_id):
        return
    if body.agent_id != request.adviser_id:
        raise Refuse("not_eligible", "only the adviser who joined can answer; the owner can cancel")
    if request.kind is HelpKind.APPROVAL:
        if body.result not in (HelpResult.GRANTED, HelpResult.REFUSED):
            raise Refuse("malformed", "an approval is granted, refused or cancelled")
        agent = step.crew.roster.agents[body.agent_id]
        wanted = request.decision_wanted
        granted = body.result is HelpResult.GRANTED
        if granted and wanted is not None and not covers(step.desk.desk, agent, wanted):
            raise Refuse("limit_exceeded", "your own grants no longer cover this decision")
    elif body.result is not HelpResult.ADVICE:
        raise Refuse("malformed", "advice ends as advice or cancelled")


def checked_decision(step: Step, wanted: DecisionWanted | None) -> DecisionWanted | None:
    """The decision as the log may carry it: kinds and currencies that the desk knows; None when nothing is named."""
    if wanted is None or not wanted.decision_type:
        return None
    rules = step.desk.desk.authority
    kinds = {rule.decision_type for rule in rules} | {
        grant.decision_type for agent in step.desk.desk.agents for grant in agent.grants
    }
    if wanted.decision_type not in kinds:
        raise Refuse("malformed", "decision_type must be one of the desk's kinds of decision")
    if wanted.amount_minor < 0 or not (wanted.currency.isascii() and wanted.currency.isalpha()):
        raise Refuse("malformed", "an amount must not be negative and needs its ISO 4217 currency")
    if len(wanted.currency) != 3:
        raise Refuse("malformed", "currency must be an ISO 4217 code of three letters")
    return replace(wanted, stated=True)


def approval_level(step: Step, contact: Contact, wanted: DecisionWanted | None) -> int:
    """The level that an approver needs: that of the decision; else one more than the owner's."""
    if wanted is not None:
        return needed_level(step.desk.desk, wanted.decision_type, wanted.currency, wanted.amount_minor)
    return own_level(step, contact) + 1


def own_level(step: Step, contact: Contact) -> int:
    """The owner's level for what the contact needs."""
    levels = step.crew.roster.levels(contact.need.decision_type, contact.need.currency)
    return levels.get(contact.owner_id, 0)
