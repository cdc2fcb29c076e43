"""Which decision a customer asks for, and whether the words state it (routing: authority needed).

A decision is `stated` when the text names the decision and exactly one amount; only then may the router rely on
the amount. A refund asked for without an amount is recognised and not stated.
"""

from __future__ import annotations

from services.contract.facts import DecisionWanted
from services.intake.need.money import amounts

_DECISIONS = {"refund": "refund"}
"""Topics that ask for something an agent needs authority for."""
SCORE_MIN = 3.0
"""The decision's own words must be there; what it is mostly about does not matter."""


def decision_of(text: str, scores: dict[str, float]) -> DecisionWanted | None:
    """The decision asked for; None when none was recognised."""
    wanted = next((name for topic, name in _DECISIONS.items() if scores.get(topic, 0.0) >= SCORE_MIN), None)
    if wanted is None:
        return None
    found = {(money.amount_minor, money.currency) for money in amounts(text)}
    if not found:
        return DecisionWanted(decision_type=wanted)
    amount, currency = max(found)
    return DecisionWanted(
        decision_type=wanted, amount_minor=amount, currency=currency, stated=len(found) == 1
    )
