"""An agent granted something: within the own grants, or under an approval of somebody whose grants cover it."""

from __future__ import annotations

from services.contract.decisions import ExceptionGranted
from services.contract.facts import AuthorityUsed, DecisionWanted
from services.router.authority import covers
from services.router.decide.help import checked_decision
from services.router.decide.owned import owned
from services.router.decide.refusal import Refuse
from services.router.decide.step import Step
from services.router.model import HELD_STATES, Approval, ContactState

_STATES = (*sorted(HELD_STATES), ContactState.PROMISED)


def used(step: Step, body: AuthorityUsed) -> None:
    """Records what was granted, or refuses what nobody entitled has approved."""
    contact = owned(step, body.contact_id, body.agent_id, body.epoch, *_STATES)
    decision = checked_decision(step, body.decision)
    if decision is None:
        raise Refuse("malformed", "decision is required: its kind, amount and currency")
    approver_id, used_up = "", None
    if not covers(step.desk.desk, step.crew.roster.agents[body.agent_id], decision):
        approval = next((one for one in contact.approvals if _approves(one, decision)), None)
        if approval is None:
            raise Refuse("limit_exceeded", "ask for an approval first: your own grants do not cover this")
        approver_id = approval.approver_id
        oldest = next(one for one in contact.approvals if one.approver_id == approver_id)
        used_up = None if approval is oldest else approval.decision
    step.emit(
        ExceptionGranted(
            contact_id=contact.contact_id,
            agent_id=body.agent_id,
            approver_id=approver_id,
            decision=decision,
            approval=used_up,
        )
    )
    step.accept(contact.contact_id, epoch=contact.epoch)


def _approves(approval: Approval, decision: DecisionWanted) -> bool:
    given = approval.decision
    same = (given.decision_type, given.currency) == (decision.decision_type, decision.currency)
    return same and decision.amount_minor <= given.amount_minor
