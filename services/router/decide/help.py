"""Advice and approvals: the customer stays with the owner (routing.md 2.8, rule 1).

An approval that comes after the owner has promised to call back brings the contact back to him before that time.
An adviser who takes his answer back or lets it pass is followed by the next one. An approval is asked again when its
terms change: the request that runs is withdrawn, and what was refused is not asked again under the same terms (1.2).
"""

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
from services.router.decide.keeping import hasten
from services.router.decide.owned import known_agent, owned
from services.router.decide.placing import serve
from services.router.decide.refusal import Refuse
from services.router.decide.step import Step
from services.router.model import Contact, ContactState, Help

WORD_LENGTH_MAX = 40


def asked(step: Step, body: HelpAsked) -> None:
    """Somebody free joins at once, else the request waits; one request per contact at a time."""
    states = (ContactState.ASSIGNED, ContactState.AWAITING_APPROVAL)
    contact = owned(step, body.contact_id, body.agent_id, body.epoch, *states)
    withdrawn_id = ""
    if body.kind is HelpKind.APPROVAL:
        wanted = checked_decision(step, body.decision_wanted)
        _check_terms(step, contact, wanted)
        if contact.state is ContactState.AWAITING_APPROVAL:
            withdrawn_id = helping.end(step, contact.contact_id, HelpResult.CANCELLED)
            contact = step.contact(contact.contact_id)
        level = approval_level(step, contact, wanted)
        help_id = helping.ask(step, contact, HelpKind.APPROVAL, level=level, wanted=wanted)
    elif contact.state is not ContactState.ASSIGNED:
        raise Refuse("wrong_state", "not possible while the contact is awaiting_approval")
    elif body.kind is HelpKind.EXPERT:
        topic_id = body.topic_id
        if topic_id and topic_id not in step.crew.roster.topics:
            raise Refuse("malformed", "topic_id must be a topic of the desk, or empty for the contact's own")
        help_id = helping.ask(step, contact, HelpKind.EXPERT, topic_id=topic_id)
    else:
        raise Refuse("malformed", "kind must be expert or approval")
    step.accept(help_id)
    if withdrawn_id:
        serve(step, withdrawn_id)


def _check_terms(step: Step, contact: Contact, wanted: DecisionWanted | None) -> None:
    """Raises Refuse where the same is asked already, or was refused under these terms or lower ones."""
    if contact.state is ContactState.AWAITING_APPROVAL:
        running = step.desk.helps[contact.help_id].decision_wanted
        if wanted is None or running == wanted:
            raise Refuse("duplicate", "an approval is asked for already; name other terms, or cancel it")
    if wanted is None:
        return
    for refused in contact.refused:
        same = (refused.decision_type, refused.currency) == (wanted.decision_type, wanted.currency)
        if same and wanted.amount_minor >= refused.amount_minor:
            raise Refuse("limit_exceeded", "refused before: name a lower amount, or say who wants a manager")


def answered(step: Step, body: HelpAnswered) -> None:
    """The adviser answers or leaves it to the next, or the owner takes the question back; the adviser is free."""
    known_agent(step, body.agent_id)
    request = step.desk.helps.get(body.help_id)
    if request is None:
        raise Refuse("expired", "the request for help is over, or never was")
    _check_answer(step, request, body)
    if body.result is HelpResult.CANCELLED and body.agent_id == request.adviser_id:
        helping.pass_on(step, request.contact_id, "declined")
        step.accept(body.help_id)
        serve(step, body.agent_id)
        return
    adviser_id = helping.end(step, request.contact_id, body.result)
    step.accept(body.help_id)
    if body.result is not HelpResult.CANCELLED:
        hasten(step, request.contact_id)
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
