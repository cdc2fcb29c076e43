"""What is wrong with a desk's configuration: every fault at once, its place, and how to mend it.

    agents[A17].grants[0].currency: must be an ISO 4217 code like EUR
    topics[refund].falls_back_to: goes round: refund -> billing -> refund; take one of them out

Things with an id are named by it, others by their number from 0. Names are those of desk.proto.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches

from services.contract.desk import (
    Agent,
    AuthorityRule,
    Desk,
    DeskLimits,
    DeskPolicy,
    Grant,
    MentionRule,
    Queue,
    Topic,
)
from services.router.policy.settings import SETTINGS, from_desk

MENTION_KINDS = ("mention", "review")
MENTION_RULES_MAX, STARS_MAX = 50, 5
FACTS_REMEMBERED_MIN, FACTS_REMEMBERED_MAX = 100_000, 200_000_000
CHANNELS = ("phone", "email", "social")
CAPACITY_MAX, UNITS_CALL = 10_000, 100
ID_LENGTH_MAX = 100
AGENTS_MAX, TOPICS_MAX, QUEUES_MAX, LEVELS_MAX = 20_000, 500, 200, 10
TIERS_MAX = 20
NAMES_TOLD_MAX, MENDS_MAX = 5, 20
"""Known names told beside an unknown one; unknown names whose nearest known one is looked for."""
LIMIT_MS_MAX = 366 * 86_400_000
_CURRENCY = re.compile(r"[A-Z]{3}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_WORD = re.compile(r"[a-z][a-z_]{0,23}")
Faults = Iterator["Fault"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong."""

    path: str
    """The place, for example "topics[refund].falls_back_to"; empty for the desk as a whole."""
    text: str
    """What is wrong there and how to mend it."""

    def __str__(self) -> str:
        return f"{self.path or 'desk'}: {self.text}"


def faults(desk: Desk) -> list[Fault]:
    """Every fault, in the order of the configuration; an empty list means that it can be put in force."""
    topics = Names(topic.topic_id for topic in desk.topics)
    kinds = {rule.decision_type for rule in desk.authority}
    found = [*_id("desk_id", desk.desk_id)]
    at = places("topics", [topic.topic_id for topic in desk.topics])
    found += _many("topics", "topic_id", [topic.topic_id for topic in desk.topics], TOPICS_MAX)
    for place, topic in zip(at, desk.topics, strict=True):
        found += _topic(place, topic, topics, kinds)
    found += _cycles(at, desk.topics)
    found += _many("queues", "queue_id", [queue.queue_id for queue in desk.queues], QUEUES_MAX)
    for place, queue in zip(
        places("queues", [one.queue_id for one in desk.queues]), desk.queues, strict=True
    ):
        found += _queue(place, queue, topics)
    if not desk.topics:
        found.append(Fault("topics", "needs at least one topic"))
    if not desk.queues:
        found.append(Fault("queues", "needs at least one queue"))
    found += _repeated("authority", [f"{rule.decision_type} {rule.currency}" for rule in desk.authority])
    for index, rule in enumerate(desk.authority):
        found += _rule(f"authority[{index}]", rule)
    settings = from_desk(desk)
    units = (settings.units_message, settings.units_email)
    found += _many("agents", "agent_id", [agent.agent_id for agent in desk.agents], AGENTS_MAX)
    for place, agent in zip(
        places("agents", [one.agent_id for one in desk.agents]), desk.agents, strict=True
    ):
        found += _agent(place, agent, topics, units)
    if len(desk.mention_rules) > MENTION_RULES_MAX:
        found.append(Fault("mention_rules", f"at most {MENTION_RULES_MAX}"))
    for index, mention_rule in enumerate(desk.mention_rules):
        found += _mention_rule(f"mention_rules[{index}]", mention_rule, topics)
    return [*found, *_limits(desk.limits), *_policy(desk.policy)]


def places(name: str, ids: Sequence[str]) -> list[str]:
    """The path of each row of a list: by its id where that names one row, else by its number."""
    times = Counter(ids)
    return [
        f"{name}[{one}]" if one and times[one] == 1 and len(one) <= ID_LENGTH_MAX else f"{name}[{index}]"
        for index, one in enumerate(ids)
    ]


def _topic(at: str, topic: Topic, topics: Names, kinds: set[str]) -> Faults:
    yield from _chance(f"{at}.resolution_prior", topic.resolution_prior)
    yield from _not_negative(f"{at}.handle_seconds", topic.handle_seconds)
    yield from _priors(f"{at}.level_priors", topic.level_priors)
    yield from _priors(f"{at}.complaint_level_priors", topic.complaint_level_priors)
    if topic.decision_type and topic.decision_type not in kinds:
        yield Fault(
            f"{at}.decision_type",
            f"{_shown(topic.decision_type)} has no limits; add a rule for it under authority",
        )
    if topic.falls_back_to:
        yield from topics.unknown(f"{at}.falls_back_to", [topic.falls_back_to], "topic")


def _priors(at: str, priors: Sequence[float]) -> Faults:
    if len(priors) > LEVELS_MAX + 1:
        yield Fault(at, f"at most {LEVELS_MAX + 1}, one for each level from 0")
    if any(not math.isfinite(prior) or prior < 0 for prior in priors):
        yield Fault(at, "must be numbers that are not negative")
    elif priors and abs(sum(priors) - 1.0) > 1e-6:
        yield Fault(at, f"must sum to 1, they sum to {sum(priors):g}")


def _cycles(at: Sequence[str], topics: Sequence[Topic]) -> Faults:
    """Each circle of fall-backs once, at the first of its topics."""
    following = {topic.topic_id: topic.falls_back_to for topic in topics}
    done: set[str] = set()
    for place, topic in zip(at, topics, strict=True):
        way: list[str] = []
        here = topic.topic_id
        while here and here not in done and here not in way:
            way.append(here)
            here = following.get(here, "")
        if here in way:
            circle = [*way[way.index(here) :], here]
            yield Fault(f"{place}.falls_back_to", f"goes round: {' -> '.join(circle)}; take one of them out")
        done.update(way)


def _queue(at: str, queue: Queue, topics: Names) -> Faults:
    yield from topics.unknown(f"{at}.topic_ids", queue.topic_ids, "topic")
    yield from Names(CHANNELS).unknown(f"{at}.channels", queue.channels, "channel")


def _rule(at: str, rule: AuthorityRule) -> Faults:
    yield from _required(f"{at}.decision_type", rule.decision_type)
    yield from _currency(f"{at}.currency", rule.currency)
    if not 1 <= len(rule.limits_minor) <= LEVELS_MAX:
        yield Fault(f"{at}.limits_minor", f"needs 1 to {LEVELS_MAX} limits, one for each level from 0")
    if any(limit < 0 for limit in rule.limits_minor):
        yield Fault(f"{at}.limits_minor", "must not be negative")
    if any(low >= high for low, high in zip(rule.limits_minor, rule.limits_minor[1:], strict=False)):
        yield Fault(f"{at}.limits_minor", "must rise from level to level")


def _agent(at: str, agent: Agent, topics: Names, units: tuple[int, int]) -> Faults:
    """`units` are those of a message and of an e-mail; with fewer than any contact takes, nothing ever fits."""
    yield from topics.unknown(f"{at}.topic_ids", agent.topic_ids, "topic")
    if not agent.languages:
        yield Fault(f"{at}.languages", "needs at least one language, for example en")
    yield from _codes(f"{at}.languages", agent.languages)
    for index, grant in enumerate(agent.grants):
        yield from _grant(f"{at}.grants[{index}]", grant)
    yield from _repeated(
        f"{at}.grants", [f"{grant.decision_type} {grant.currency}".rstrip() for grant in agent.grants]
    )
    message, email = units
    if not min(message, email, UNITS_CALL) <= agent.capacity_units <= CAPACITY_MAX:
        yield Fault(
            f"{at}.capacity_units",
            f"must be {min(message, email, UNITS_CALL)} to {CAPACITY_MAX:,} units: a message takes {message}, "
            f"an e-mail {email}, a call {UNITS_CALL}",
        )
    if not math.isfinite(agent.speed_factor) or not 0 <= agent.speed_factor <= 10:
        yield Fault(f"{at}.speed_factor", "must be above 0, at most 10 (1 is average)")
    yield from _repeated(f"{at}.skills", [skill.topic_id for skill in agent.skills])
    for index, skill in enumerate(agent.skills):
        place = f"{at}.skills[{skill.topic_id or index}]"
        yield from topics.unknown(place, [skill.topic_id], "topic")
        yield from _chance(f"{place}.resolution", skill.resolution)


def _grant(at: str, grant: Grant) -> Faults:
    yield from _required(f"{at}.decision_type", grant.decision_type)
    if grant.limit_minor < 0:
        yield Fault(f"{at}.limit_minor", "must not be negative")
    elif not grant.unlimited and not grant.limit_minor:
        yield Fault(f"{at}.limit_minor", "is required, above 0; or say unlimited = true")
    if not grant.unlimited or grant.currency:
        yield from _currency(f"{at}.currency", grant.currency)


def _mention_rule(at: str, rule: MentionRule, topics: Names) -> Faults:
    yield from Names(MENTION_KINDS).unknown(f"{at}.kinds", rule.kinds, "kind")
    for name in rule.media:
        if not _WORD.fullmatch(name):
            yield Fault(f"{at}.media", f"{_shown(name)} is no medium; those are words like trustpilot")
    yield from _codes(f"{at}.languages", rule.languages)
    yield from topics.unknown(f"{at}.topic_ids", rule.topic_ids, "topic")
    if not 0 <= rule.stars_at_most <= STARS_MAX:
        yield Fault(f"{at}.stars_at_most", f"must be between 0 and {STARS_MAX}")
    if rule == MentionRule():
        yield Fault(at, 'needs a condition; kinds = ["mention", "review"] takes everything')


def _limits(limits: DeskLimits | None) -> Faults:
    for part in fields(DeskLimits) if limits is not None else ():
        value, at = getattr(limits, part.name), f"limits.{part.name}"
        if value < 0:
            yield Fault(at, "must not be negative; 0 means the default")
        elif part.name == "facts_remembered_max":
            if value and not FACTS_REMEMBERED_MIN <= value <= FACTS_REMEMBERED_MAX:
                yield Fault(at, f"must be {FACTS_REMEMBERED_MIN:,} to {FACTS_REMEMBERED_MAX:,}")
        elif value > LIMIT_MS_MAX:
            yield Fault(at, "must be at most a year")


def _policy(policy: DeskPolicy | None) -> Faults:
    if policy is None:
        return
    for name, said in SETTINGS.items():
        value = getattr(policy, name)
        if value is None or (math.isfinite(value) and said.low <= value <= said.high):
            continue
        scale, unit = (1_000, "s") if name.endswith("_ms") else (1, said.unit)
        yield Fault(
            f"policy.{name}", f"must be {said.low / scale:,g} to {said.high / scale:,g} {unit}".rstrip()
        )
    if len(policy.loyal_tiers) > TIERS_MAX:
        yield Fault("policy.loyal_tiers", f"at most {TIERS_MAX}")
    for tier in policy.loyal_tiers:
        if not _WORD.fullmatch(tier):
            yield Fault("policy.loyal_tiers", f"{_shown(tier)} is no tier; those are words like loyal")


# --- values ------------------------------------------------------------------------------------------------


def _many(name: str, part: str, ids: Sequence[str], most: int) -> Faults:
    if len(ids) > most:
        yield Fault(name, f"at most {most:,}")
    for place, one in zip(places(name, ids), ids, strict=True):
        yield from _id(f"{place}.{part}", one)
    yield from _repeated(name, [one for one in ids if one])


def _id(at: str, one: str) -> Faults:
    yield from _required(at, one)
    if len(one) > ID_LENGTH_MAX:
        yield Fault(at, f"an id has at most {ID_LENGTH_MAX} characters")


def _required(at: str, text: str) -> Faults:
    if not text:
        yield Fault(at, "is required")


def _repeated(at: str, ids: Iterable[str]) -> Faults:
    for one, times in sorted(Counter(ids).items()):
        if times > 1:
            yield Fault(
                at, f"{_shown(one)} stands there {'twice' if times == 2 else f'{times} times'}; keep one"
            )


class Names:
    """The names that may be used somewhere, and what to say of one that is none of them."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = frozenset(known)
        some = sorted(self._known)[:NAMES_TOLD_MAX]
        more = f" and {len(self._known) - len(some)} more" if len(self._known) > len(some) else ""
        self._some = f"there are {', '.join(some) or 'none'}{more}"
        self._mends: dict[str, str] = {}

    def unknown(self, at: str, names: Iterable[str], what: str) -> Faults:
        for name in names:
            if name not in self._known:
                yield Fault(at, f"unknown {what} {_shown(name)}; {self._mend(name)}")

    def _mend(self, name: str) -> str:
        """The nearest known name, looked for for the first unknown ones only; else some of the known."""
        if name not in self._mends and len(self._mends) < MENDS_MAX:
            near = get_close_matches(name, sorted(self._known), 1)
            self._mends[name] = f"did you mean {near[0]!r}?" if near else self._some
        return self._mends.get(name, self._some)


def _shown(name: str) -> str:
    """Quoted; of what is no id, the beginning."""
    return repr(name if len(name) <= ID_LENGTH_MAX else f"{name[:20]}...")


def _codes(at: str, codes: Iterable[str]) -> Faults:
    for code in codes:
        if not _LANGUAGE.fullmatch(code):
            yield Fault(at, f"{_shown(code)} is no ISO 639 code like en")


def _currency(at: str, currency: str) -> Faults:
    if not _CURRENCY.fullmatch(currency):
        yield Fault(at, "must be an ISO 4217 code like EUR")


def _chance(at: str, value: float) -> Faults:
    if not 0 <= value <= 1:
        yield Fault(at, "must be between 0 and 1")


def _not_negative(at: str, value: float) -> Faults:
    if not math.isfinite(value) or value < 0:
        yield Fault(at, "must be a number that is not negative")
