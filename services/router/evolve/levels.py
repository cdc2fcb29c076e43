"""What events of help and grants show of a contact: the level that it takes, and that its owner was stuck."""

from __future__ import annotations

from services.contract.decisions import ConsultEnded, ExceptionGranted, HelpRequested
from services.contract.facts import HelpKind, HelpResult
from services.router.authority import needed_level
from services.router.model import DeskState


def level_of(desk: DeskState, event: ExceptionGranted | HelpRequested) -> int:
    """The level of authority that was used or asked for; 0 when none was."""
    if isinstance(event, HelpRequested):
        return event.level if event.kind is HelpKind.APPROVAL else 0
    wanted = event.decision
    if wanted is None:
        return 0
    return needed_level(desk.desk, wanted.decision_type, wanted.currency, wanted.amount_minor)


def is_advice(event: ConsultEnded) -> bool:
    """An expert has helped the owner through."""
    return event.kind is HelpKind.EXPERT and event.result is HelpResult.ADVICE
