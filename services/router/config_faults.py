"""What is wrong with a desk's configuration, in plain words, everything at once."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import fields

from services.contract.desk import (
    Agent,
    AuthorityRule,
    Desk,
    DeskLimits,
    Grant,
    MentionRule,
    Queue,
    Topic,
)

MENTION_KINDS = ("mention", "review")
MENTION_RULES_MAX, STARS_MAX = 50, 5
FACTS_REMEMBERED_MIN, FACTS_REMEMBERED_MAX = 100_000, 200_000_000
_MEDIUM = re.compile(r"[a-z][a-z_]{0,23}")
CHANNELS = ("phone", "email", "social")
CAPACITY_MIN, CAPACITY_MAX = 1, 10_000
ID_LENGTH_MAX = 100
AGENTS_MAX, TOPICS_MAX, QUEUES_MAX, LEVELS_MAX = 20_000, 500, 200, 10
LIMIT_MS_MAX = 366 * 86_400_000
_CURRENCY = re.compile(r"[A-Z]{3}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")


def faults(desk: Desk) -> list[str]:
    """Every fault; an empty list means that the configuration can be put in force."""
    topics = {topic.topic_id for topic in desk.topics}
    kinds = {rule.decision_type for rule in desk.authority}
    found = _id("desk", desk.desk_id)
    found += _many("topics", [topic.topic_id for topic in desk.topics], TOPICS_MAX)
    found += _many("queues", [queue.queue_id for queue in desk.queues], QUEUES_MAX)
    found += _many("agents", [agent.agent_id for agent in desk.agents], AGENTS_MAX)
    found += _repeated("authority", [f"{rule.decision_type} {rule.currency}" for rule in desk.authority])
    if not desk.topics:
        found.append("desk: needs at least one topic")
    if not desk.queues:
        found.append("desk: needs at least one queue")
    for topic in desk.topics:
        found += _topic(topic, kinds)
    for queue in desk.queues:
        found += _queue(queue, topics)
    for rule in desk.authority:
        found += _rule(rule)
    for agent in desk.agents:
        found += _agent(agent, topics)
    if len(desk.mention_rules) > MENTION_RULES_MAX:
        found.append(f"mention_rules: at most {MENTION_RULES_MAX}")
    for index, mention_rule in enumerate(desk.mention_rules):
        found += _mention_rule(f"mention_rules[{index}]", mention_rule, topics)
    return found + _limits(desk.limits)


def _topic(topic: Topic, kinds: set[str]) -> list[str]:
    at = f"topic {topic.topic_id!r}"
    found = _chance(at, "resolution", topic.resolution_prior)
    found += _not_negative(at, "handle_seconds", topic.handle_seconds)
    if len(topic.level_priors) > LEVELS_MAX + 1:
        found.append(f"{at}: at most {LEVELS_MAX + 1} level_priors")
    if any(not math.isfinite(prior) or prior < 0 for prior in topic.level_priors):
        found.append(f"{at}: level_priors must not be negative")
    elif topic.level_priors and abs(sum(topic.level_priors) - 1.0) > 1e-6:
        found.append(f"{at}: level_priors must sum to 1, they sum to {sum(topic.level_priors):g}")
    if topic.decision_type and topic.decision_type not in kinds:
        found.append(f"{at}: decision {topic.decision_type!r} has no limits under authority")
    return found


def _queue(queue: Queue, topics: set[str]) -> list[str]:
    at = f"queue {queue.queue_id!r}"
    unknown = [f"{at}: unknown channel {name!r}" for name in queue.channels if name not in CHANNELS]
    return _unknown_topics(at, queue.topic_ids, topics) + unknown


def _rule(rule: AuthorityRule) -> list[str]:
    at = f"authority {rule.decision_type!r} {rule.currency}".rstrip()
    found = [] if rule.decision_type else [f"{at}: decision is required"]
    found += _currency(at, rule.currency)
    if not 1 <= len(rule.limits_minor) <= LEVELS_MAX:
        found.append(f"{at}: needs 1 to {LEVELS_MAX} limits")
    if any(limit < 0 for limit in rule.limits_minor):
        found.append(f"{at}: limits must not be negative")
    pairs = zip(rule.limits_minor, rule.limits_minor[1:], strict=False)
    if any(low >= high for low, high in pairs):
        found.append(f"{at}: limits must rise from level to level")
    return found


def _agent(agent: Agent, topics: set[str]) -> list[str]:
    at = f"agent {agent.agent_id!r}"
    found = _unknown_topics(at, agent.topic_ids, topics)
    found += _unknown_topics(at, [skill.topic_id for skill in agent.skills], topics)
    found += _repeated(f"{at} skills", [skill.topic_id for skill in agent.skills])
    if not agent.languages:
        found.append(f"{at}: needs at least one language")
    found += [
        f"{at}: {code!r} is no ISO 639 code" for code in agent.languages if not _LANGUAGE.fullmatch(code)
    ]
    if not CAPACITY_MIN <= agent.capacity_units <= CAPACITY_MAX:
        found.append(f"{at}: capacity must be {CAPACITY_MIN} to {CAPACITY_MAX} units")
    if not math.isfinite(agent.speed_factor) or not 0 <= agent.speed_factor <= 10:
        found.append(f"{at}: speed must be above 0, at most 10 (1 is average)")
    for skill in agent.skills:
        found += _chance(at, f"skill {skill.topic_id!r}", skill.resolution)
    for grant in agent.grants:
        found += _grant(at, grant)
    return found


def _grant(at: str, grant: Grant) -> list[str]:
    at = f"{at} grant {grant.decision_type!r}"
    found = [] if grant.decision_type else [f"{at}: decision is required"]
    if grant.limit_minor < 0:
        found.append(f"{at}: limit must not be negative")
    if not grant.unlimited or grant.currency:
        found += _currency(at, grant.currency)
    return found


def _mention_rule(at: str, rule: MentionRule, topics: set[str]) -> list[str]:
    found = [f"{at}: unknown kind {kind!r}" for kind in rule.kinds if kind not in MENTION_KINDS]
    found += [f"{at}: {name!r} is no medium" for name in rule.media if not _MEDIUM.fullmatch(name)]
    found += [
        f"{at}: {code!r} is no ISO 639 code" for code in rule.languages if not _LANGUAGE.fullmatch(code)
    ]
    found += _unknown_topics(at, rule.topic_ids, topics)
    if not 0 <= rule.stars_at_most <= STARS_MAX:
        found.append(f"{at}: stars_at_most must be between 0 and {STARS_MAX}")
    if rule == MentionRule():
        found.append(f'{at}: needs a condition; kinds = ["mention", "review"] takes everything')
    return found


def _limits(limits: DeskLimits | None) -> list[str]:
    found = []
    for part in fields(DeskLimits) if limits is not None else ():
        value, name = getattr(limits, part.name), part.name.removesuffix("_ms")
        if value < 0:
            found.append(f"limits: {name} must not be negative")
        elif name == "facts_remembered_max":
            if value and not FACTS_REMEMBERED_MIN <= value <= FACTS_REMEMBERED_MAX:
                found.append(f"limits: {name} must be {FACTS_REMEMBERED_MIN:,} to {FACTS_REMEMBERED_MAX:,}")
        elif value > LIMIT_MS_MAX:
            found.append(f"limits: {name} must be at most a year")
    return found


def _many(name: str, ids: Sequence[str], most: int) -> list[str]:
    found = [f"{name}: at most {most}"] if len(ids) > most else []
    for one in ids:
        found += _id(name, one)
    return found + _repeated(name, ids)


def _id(at: str, one: str) -> list[str]:
    if not one:
        return [f"{at}: an id is required"]
    return [f"{at}: an id has at most {ID_LENGTH_MAX} characters"] if len(one) > ID_LENGTH_MAX else []


def _repeated(at: str, ids: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    twice = {one for one in ids if one in seen or seen.add(one)}  # type: ignore[func-returns-value] # add answers None
    return [f"{at}: {one!r} stands there twice" for one in sorted(twice)]


def _unknown_topics(at: str, ids: Iterable[str], topics: set[str]) -> list[str]:
    return [f"{at}: unknown topic {one!r}" for one in ids if one not in topics]


def _currency(at: str, currency: str) -> list[str]:
    return [] if _CURRENCY.fullmatch(currency) else [f"{at}: currency must be an ISO 4217 code like EUR"]


def _chance(at: str, name: str, value: float) -> list[str]:
    return [] if 0 <= value <= 1 else [f"{at}: {name} must be between 0 and 1"]


def _not_negative(at: str, name: str, value: float) -> list[str]:
    return [] if math.isfinite(value) and value >= 0 else [f"{at}: {name} must not be negative"]
