"""Who may take a contact, before anybody asks who takes it best (routing.md 2.1).

Language is never relaxed; authority below a known need only while nobody signed in reaches it; then, if nobody
available is left, the certificate, then who declined. What was relaxed is said in the explanation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from services.contract.decisions import Exclusion, WaitingReason
from services.router.roster import Roster
from services.router.waiting import Fit

Test = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Pool:
    """The available agents who may take work of one fit, free or busy."""

    agent_ids: tuple[str, ...]
    """Sorted."""
    members: frozenset[str]
    relaxations: tuple[str, ...]
    reason: WaitingReason
    """Why such work waits while none of them is free."""
    exclusions: tuple[Exclusion, ...]
    """Agents of the desk that the rules left out; of capacity only those who could never hold the units."""


def pool_of(roster: Roster, signed_in: Sequence[str], available: Sequence[str], fit: Fit) -> Pool:
    """The pool for work of this fit; depends on configuration and presence only, never on loads."""
    rules = _rules(roster, fit)
    reason = _reason(rules, signed_in)
    fixed = {"language", "authority", "capacity", "had_it"}
    relaxed: tuple[str, ...] = ()
    if fit.least_level > 0 and not _passing(rules, fixed, signed_in):
        relaxed = ("authority",)
    for more in ((), ("certificate",), ("certificate", "declined_it")):
        tried = relaxed + more
        found = _passing(rules, rules.keys() - set(tried), available)
        if found:
            return Pool(found, frozenset(found), tried, reason, _exclusions(roster, rules, tried, available))
    return Pool((), frozenset(), (), reason, _exclusions(roster, rules, (), available))


def _rules(roster: Roster, fit: Fit) -> dict[str, Test]:
    """Each rule as a test of one agent, in the order in which they are counted."""
    wanted = frozenset(fit.topics)
    levels = roster.levels(fit.decision_type, fit.currency)
    return {
        "language": lambda a: not fit.language or fit.language in roster.speaks[a],
        "certificate": lambda a: not wanted or not wanted.isdisjoint(roster.certified[a]),
        "authority": lambda a: levels[a] >= fit.least_level,
        "capacity": lambda a: roster.agents[a].capacity_units >= fit.units,
        "had_it": lambda a: a not in fit.had,
        "declined_it": lambda a: a not in fit.declined,
    }


def _passing(rules: dict[str, Test], names: Iterable[str], agent_ids: Sequence[str]) -> tuple[str, ...]:
    left = agent_ids
    for name, test in rules.items():
        if name in names:
            left = [agent_id for agent_id in left if test(agent_id)]
    return tuple(left)


_REASONS = (
    ("language", WaitingReason.NO_LANGUAGE),
    ("certificate", WaitingReason.NONE_CERTIFIED),
    ("authority", WaitingReason.NONE_WITH_AUTHORITY),
    ("had_it", WaitingReason.ALL_EXCLUDED),
    ("declined_it", WaitingReason.ALL_EXCLUDED),
)


def _reason(rules: dict[str, Test], signed_in: Sequence[str]) -> WaitingReason:
    """The first rule that leaves none of those who are signed in; else they are busy or on a break."""
    left = signed_in
    if not left:
        return WaitingReason.NONE_LOGGED_IN
    for name, reason in _REASONS:
        left = [agent_id for agent_id in left if rules[name](agent_id)]
        if not left:
            return reason
    return WaitingReason.ALL_BUSY


def _exclusions(
    roster: Roster, rules: dict[str, Test], relaxed: Sequence[str], available: Sequence[str]
) -> tuple[Exclusion, ...]:
    present = frozenset(available)
    tests = {name: rules[name] for name in ("language", "certificate", "authority") if name not in relaxed}
    tests["presence"] = present.__contains__
    tests |= {name: rules[name] for name in ("capacity", "had_it", "declined_it") if name not in relaxed}
    left, counted = list(roster.agent_ids), []
    for name, test in tests.items():
        passing = [agent_id for agent_id in left if test(agent_id)]
        if len(passing) < len(left):
            counted.append(Exclusion(rule=name, agents=len(left) - len(passing)))
        left = passing
    return tuple(counted)
