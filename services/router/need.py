"""What a contact needs: a posterior over topics, and over levels of authority (routing.md 2.0, 2.1).

A stated decision with its amount is *known*: its level is a hard bound. Everything else is an estimate from the
topics' priors, of what was learned of them, and of what the words point at (policy/levels.py). It is priced, not
required, for hard filters on estimates fragment the pools (routing.md 8).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from services.contract.decisions import Need, NeedWeight
from services.contract.desk import Desk, Topic
from services.contract.facts import ContactArrived, DecisionWanted, TopicWeight
from services.contract.record import quick_record
from services.router.authority import needed_level, rule_of
from services.router.policy.levels import LEVELS_MAX, Levels, posterior
from services.router.roster import Roster


@quick_record
@dataclass(frozen=True, slots=True)
class Seen:
    """What the desk has learned of needs, and the weight of a contact of today (policy/memory.py)."""

    levels: Levels
    today: int


@dataclass(frozen=True, slots=True)
class Signal:
    """A level that the words point at without stating it, of a kind of decision; no kind when none is needed."""

    level: int
    decision_type: str
    currency: str


NOTHING_SEEN = Seen(Levels(), 1)
NEEDS_REMEMBERED_MAX = 4_096
TOPICS_MAX = 8
"""Topics kept of a posterior, the likeliest."""
COMPLAINT_SHIFT = 0.25
"""Share of every level's chance that a complaint moves one level up; a first guess, to be learned."""
_CURRENCY = re.compile(r"[A-Z]{3}")
DIGITS = 6
"""Weights are rounded, so that equal needs are equal everywhere."""


def need_of(roster: Roster, arrived: ContactArrived, seen: Seen | None = None) -> Need:
    """The need as intake saw it, cut to what the desk knows; `seen` is what it has learned of needs.

    Equal for all contacts with the same topics, as those chosen in a menu have, unless words or results say more of them:
    these share one.
    """
    wanted, seen = arrived.decision_wanted, seen or NOTHING_SEEN
    if wanted is not None or arrived.decisions_needed or seen.levels.believed(seen.today):
        return _need_of(roster, arrived, wanted, seen)
    topics = roster.topics
    told = [(part.topic_id, part.weight) for part in arrived.topics if part.topic_id in topics]
    key = (arrived.complaint, *told)
    known = roster.needs.get(key)
    if known is None:
        known = _need_of(roster, arrived, wanted, seen)
        if len(told) <= TOPICS_MAX:
            if len(roster.needs) >= NEEDS_REMEMBERED_MAX:
                roster.needs.clear()
            roster.needs[key] = known
    return known


def _need_of(roster: Roster, arrived: ContactArrived, wanted: DecisionWanted | None, seen: Seen) -> Need:
    topics = _posterior(roster, arrived.topics)
    if wanted is not None and wanted.stated and _has_rule(roster.desk, wanted):
        return known_need(roster.desk, topics, wanted)
    return _estimated(roster, topics, seen, _signal(roster.desk, arrived), complaint=arrived.complaint)


def known_need(desk: Desk, topics: tuple[TopicWeight, ...], wanted: DecisionWanted) -> Need:
    """The need of a decision that is known with its amount."""
    level = needed_level(desk, wanted.decision_type, wanted.currency, wanted.amount_minor)
    currency = wanted.currency if _CURRENCY.fullmatch(wanted.currency) else ""
    return Need(
        topics=topics,
        levels=(NeedWeight(level=level, weight=1.0),),
        least_level=level,
        decision_type=wanted.decision_type,
        amount_minor=wanted.amount_minor,
        currency=currency,
        known=True,
    )


def measured(need: Need, before: Desk, after: Desk) -> Need:
    """The need by another matrix: a known decision has the level that its amount has now.

    A level that was not the amount's (a customer who wants a manager) stays, and so does an estimate, which is only priced.
    """
    if not (need.known and need.decision_type and need.currency and need.amount_minor):
        return need
    if not any(rule.decision_type == need.decision_type for rule in after.authority):
        return need
    told = (need.decision_type, need.currency, need.amount_minor)
    level = needed_level(after, *told)
    if level == need.least_level or needed_level(before, *told) != need.least_level:
        return need
    return replace(need, levels=(NeedWeight(level=level, weight=1.0),), least_level=level)


def with_topic(
    roster: Roster, need: Need, topic_id: str, seen: Seen | None = None, *, complaint: bool = False
) -> Need:
    """The need under its true topic; a known level stays known, and what the words pointed at still counts."""
    topics = (TopicWeight(topic_id=topic_id, weight=1.0),)
    if need.known:
        return replace(need, topics=topics)
    signal = None
    if need.signal_level:
        signal = Signal(need.signal_level - 1, need.decision_type, need.currency)
    return _estimated(roster, topics, seen or NOTHING_SEEN, signal, complaint=complaint)


def with_level(need: Need, level: int) -> Need:
    """The need once it is certain that it is of at least this level."""
    left = [part for part in need.levels if part.level >= level]
    total = sum(part.weight for part in left)
    if total <= 0.0:
        left, total = [NeedWeight(level=level, weight=1.0)], 1.0
    levels = tuple(NeedWeight(level=part.level, weight=round(part.weight / total, DIGITS)) for part in left)
    return replace(need, levels=levels, least_level=levels[0].level, known=True)


def certificates(need: Need, weight_min: float) -> tuple[str, ...]:
    """Topics whose certificate counts, sorted: those from this chance on (pi_min of routing.md 2.0), else the likeliest.

    Empty when the topic is unknown and any will do.
    """
    if not need.topics:
        return ()
    likely = [topic.topic_id for topic in need.topics if topic.weight >= weight_min]
    return tuple(sorted(likely or [need.topics[0].topic_id]))


def top_topic(need: Need) -> str:
    """The likeliest topic; empty when unknown."""
    return need.topics[0].topic_id if need.topics else ""


def weights(roster: Roster, need: Need) -> tuple[tuple[str, float], ...]:
    """(topic, probability); the desk's topics alike where nothing is known."""
    if need.topics:
        return tuple([(topic.topic_id, topic.weight) for topic in need.topics])
    count = len(roster.topics)
    return tuple([(topic.topic_id, 1.0 / count) for topic in roster.desk.topics]) if count else (("", 1.0),)


def _posterior(roster: Roster, seen: Iterable[TopicWeight]) -> tuple[TopicWeight, ...]:
    """Known topics only, each once, likeliest first, summing to 1; empty when none is known."""
    sums: dict[str, float] = {}
    for topic in seen:
        if topic.topic_id in roster.topics and topic.weight > 0.0:
            sums[topic.topic_id] = sums.get(topic.topic_id, 0.0) + topic.weight
    ranked = sorted(sums.items(), key=lambda item: (-item[1], item[0]))[:TOPICS_MAX]
    total = sum(weight for _, weight in ranked)
    return tuple(
        [TopicWeight(topic_id=name, weight=round(weight / total, DIGITS)) for name, weight in ranked]
    )


def _signal(desk: Desk, arrived: ContactArrived) -> Signal | None:
    """What the words point at without stating it: the likeliest decision, or that none is needed."""
    wanted = arrived.decision_wanted
    if wanted is None or not _has_rule(desk, wanted):
        likely = [
            part for part in arrived.decisions_needed if part.decision is not None and part.weight > 0.0
        ]
        best = max(likely, key=lambda part: part.weight, default=None)
        if best is None or best.decision is None or not _has_rule(desk, best.decision):
            return None
        wanted = best.decision
        if best.weight < 1.0 - sum(part.weight for part in likely):
            return Signal(0, "", "")
    if wanted.amount_minor <= 0:
        return None
    currency = wanted.currency if _CURRENCY.fullmatch(wanted.currency) else ""
    level = needed_level(desk, wanted.decision_type, currency, wanted.amount_minor)
    return Signal(min(level, LEVELS_MAX - 1), wanted.decision_type, currency)


def _estimated(
    roster: Roster, topics: tuple[TopicWeight, ...], seen: Seen, signal: Signal | None, *, complaint: bool
) -> Need:
    kind = next((t.decision_type for t in _topics(roster, topics) if t.decision_type), "")
    currency = ""
    if signal is not None and signal.decision_type:
        kind, currency = signal.decision_type, signal.currency
    rule = rule_of(roster.desk, kind, currency) if kind else None
    return Need(
        topics=topics,
        levels=_levels(roster, topics, seen, signal, complaint=complaint),
        decision_type=kind,
        currency=rule.currency if rule is not None else "",
        signal_level=signal.level + 1 if signal is not None else 0,
    )


def _levels(
    roster: Roster, topics: tuple[TopicWeight, ...], seen: Seen, signal: Signal | None, *, complaint: bool
) -> tuple[NeedWeight, ...]:
    """P(needed level): the topics' priors, mixed by how likely each topic is, then what the words point at."""
    parts = tuple((topic.topic_id, topic.weight) for topic in topics)
    mixed: list[float] = []
    for topic_id, weight in parts or weights(roster, Need()):
        configured = _prior(roster.topics.get(topic_id), complaint=complaint)
        for level, chance in enumerate(
            seen.levels.prior(topic_id, configured, seen.today, complaint=complaint)
        ):
            if level == len(mixed):
                mixed.append(0.0)
            mixed[level] += weight * chance
    total = sum(mixed)
    found = posterior(
        [chance / total for chance in mixed],
        seen.levels,
        signal.level if signal is not None else None,
        seen.today,
    )
    rounded = [NeedWeight(level=level, weight=round(chance, DIGITS)) for level, chance in enumerate(found)]
    return tuple([part for part in rounded if part.weight > 0.0])


def _prior(topic: Topic | None, *, complaint: bool) -> tuple[float, ...]:
    """P(needed level) of one topic; without one of its own for complaints, a complaint moves a share up."""
    if topic is not None and complaint and topic.complaint_level_priors:
        return topic.complaint_level_priors
    plain = (topic.level_priors if topic is not None else ()) or (1.0,)
    if not complaint:
        return plain
    moved = [chance * COMPLAINT_SHIFT for chance in plain[:-1]]
    kept = [chance - gone for chance, gone in zip(plain, (*moved, 0.0), strict=True)]
    return tuple(left + come for left, come in zip(kept, (0.0, *moved), strict=True))


def _topics(roster: Roster, topics: tuple[TopicWeight, ...]) -> list[Topic]:
    return [roster.topics[topic.topic_id] for topic in topics]


def _has_rule(desk: Desk, wanted: DecisionWanted) -> bool:
    return any(rule.decision_type == wanted.decision_type for rule in desk.authority)
