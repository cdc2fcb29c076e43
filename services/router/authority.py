"""Levels of authority: what a decision needs, and what an agent's grants reach (routing.md 1.2, "Grants").

A desk's matrix gives, per kind of decision and currency, the largest amount that level 0, 1, 2 ... may decide;
level 0 needs no grant. Above the top stands one more level, the manager's, that only `unlimited` grants reach.
A grant between two limits counts for the lower one: rounding down never gives work to somebody who may not do it.
"""

from __future__ import annotations

from services.contract.desk import Agent, AuthorityRule, Desk, Grant
from services.contract.facts import DecisionWanted

NOTHING, EVERYTHING = -(1 << 63), (1 << 63) - 1
"""Below and above every amount."""


def rule_of(desk: Desk, decision_type: str, currency: str) -> AuthorityRule | None:
    """The desk's limits; an empty currency takes the first rule of the kind."""
    for rule in desk.authority:
        if rule.decision_type == decision_type and currency in ("", rule.currency):
            return rule
    return None


def needed_level(desk: Desk, decision_type: str, currency: str, amount_minor: int) -> int:
    """Least level that may decide the amount; a kind or currency without limits needs the manager's level, 1."""
    rule = rule_of(desk, decision_type, currency)
    if rule is None:
        return 1
    for level, limit_minor in enumerate(rule.limits_minor):
        if amount_minor <= limit_minor:
            return level
    return len(rule.limits_minor)


def reached_level(desk: Desk, agent: Agent, decision_type: str, currency: str) -> int:
    """Highest level whose limit the agent's grants cover; 0 without a grant."""
    rule = rule_of(desk, decision_type, currency)
    limits = () if rule is None else rule.limits_minor
    currency = currency or (rule.currency if rule is not None else "")
    level = 0
    for grant in agent.grants:
        if not _speaks_of(grant, decision_type, currency):
            continue
        if grant.unlimited:
            return max(len(limits), 1)
        level = max(
            [level, *(at for at, limit_minor in enumerate(limits) if limit_minor <= grant.limit_minor)]
        )
    return level


def covers(desk: Desk, agent: Agent, decision: DecisionWanted) -> bool:
    """True when the agent may grant it alone: by a grant, to the minor unit, or because level 0 may."""
    if decision.amount_minor <= granted(agent, decision.decision_type, decision.currency):
        return True
    return level_zero_may(desk, decision)


def granted(agent: Agent, decision_type: str, currency: str) -> int:
    """Largest amount that the agent's own grants allow; NOTHING without one, EVERYTHING without a limit."""
    return max(
        [
            EVERYTHING if grant.unlimited else grant.limit_minor
            for grant in agent.grants
            if _speaks_of(grant, decision_type, currency)
        ],
        default=NOTHING,
    )


def level_zero_may(desk: Desk, decision: DecisionWanted) -> bool:
    """True when nobody needs a grant for it."""
    rule = rule_of(desk, decision.decision_type, decision.currency) if decision.currency else None
    return rule is not None and decision.amount_minor <= rule.limits_minor[0]


def _speaks_of(grant: Grant, decision_type: str, currency: str) -> bool:
    """An unlimited grant may leave the currency open; a limit is in one currency only."""
    if grant.decision_type != decision_type:
        return False
    return grant.currency == currency or (grant.unlimited and not grant.currency)
