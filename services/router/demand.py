"""What the price program is asked: demand by class against the time of groups (routing.md 2.3).

    rate = forecast x (1 + repeats) + backlog / 300 s

Forecast: what a desk or another system says of a topic and a language, while it says something; else what came.
Backlog: contacts that wait; work that may wait is spread over its target, for it need not be done at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.contract.decisions import ContactOpened, Need
from services.contract.desk import DeskLimits
from services.contract.facts import ForecastRow
from services.router.groups import Groups
from services.router.model import Contact, DeskState
from services.router.need import top_topic
from services.router.policy.beliefs import Beliefs
from services.router.policy.forecast import UNITS_PER_CONTACT, ClassKey, Levels, per_second
from services.router.policy.prices import Floats, Program
from services.router.policy.settings import PolicySettings
from services.router.waiting import Kind, Work

SEEN_SECONDS = 3600.0
"""Time of which the counts of arrivals speak."""
PRIOR_CONTACTS = 10.0
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Demand:
    """One class of work and how much of it comes."""

    key: ClassKey
    levels: Levels
    rate: float
    """Per second, a call's worth of units each."""


def class_of(need: Need, *, language: str, complaint: bool) -> tuple[ClassKey, Levels]:
    """The class of a contact that needs this."""
    levels = tuple([(part.level, part.weight) for part in need.levels]) or ((0, 1.0),)
    signal = levels[0][0] if len(levels) == 1 else max(levels, key=_likeliest)[0]
    kind = (need.decision_type, need.currency) if need.decision_type else ("", "")
    return ClassKey(top_topic(need), language, complaint, *kind, need.least_level, signal), levels


def _likeliest(level: tuple[int, float]) -> tuple[float, int]:
    return level[1], -level[0]


_NO_NEED = Need()


def class_of_opened(opened: ContactOpened) -> tuple[ClassKey, Levels]:
    """The class in which an arrival is counted."""
    return class_of(opened.need or _NO_NEED, language=opened.language, complaint=opened.complaint)


def demands(desk: DeskState, at_ms: int) -> list[Demand]:
    """What is to be expected of each class, sorted by class; empty when nothing came, waits or is forecast."""
    settings, found = desk.crew.settings, _Classes()
    for key, rate in per_second(desk.arrivals, at_ms).items():
        found.add(key, desk.arrivals.classes[key].levels, rate)
    found.told(
        [row for row in desk.forecast if row.from_at_ms <= at_ms < row.until_at_ms],
        {topic.topic_id: topic.level_priors for topic in desk.desk.topics},
    )
    found.scale(1.0 + settings.repeats_share)
    for work in sorted(desk.waiting):
        chunks = desk.waiting[work]
        head: Contact = desk.contacts[chunks[0][0][-1]]
        key, levels = class_of(head.need, language=head.language, complaint=head.complaint)
        units = sum(len(chunk) for chunk in chunks) * work.fit.units / UNITS_PER_CONTACT
        found.add(key, levels, units / _spread_seconds(work, settings, desk.limits))
    return found.sorted()


def program(
    groups: Groups,
    available: Sequence[str],
    beliefs: Beliefs,
    settings: PolicySettings,
    wanted: Iterable[Demand],
) -> Program:
    """The program of the demand against the agents who are available; groups in the order of their keys."""
    sides = _Sides(groups, available, beliefs)
    rates: list[float] = []
    rows: dict[tuple[object, ...], int] = {}
    seconds: list[Floats] = []
    costs: list[Floats] = []
    ables: list[npt.NDArray[np.intp]] = []
    for one in wanted:
        key = one.key
        failed_cs = settings.not_resolved_cs * (settings.weight_complaint if key.complaint else 1.0)
        may, mark = sides.may(key)
        row = (key.topic_id, mark, key.decision_type, key.currency, one.levels, failed_cs)
        if row in rows:  # equal to the program: languages that the same people speak
            rates[rows[row]] += one.rate
            continue
        rows[row] = len(rates)
        rates.append(one.rate)
        able = np.flatnonzero(may)
        talk = sides.seconds(key.topic_id)[able]
        resolves = sides.resolves(key.topic_id)[able] * sides.covers(key, one.levels)[able]
        ables.append(able)
        seconds.append(talk)
        costs.append(talk + (1.0 - resolves) * failed_cs)
    empty = np.zeros(0)
    return Program(
        np.array(rates, dtype=np.float64),
        sides.agents,
        np.repeat(np.arange(len(ables)), [able.size for able in ables]).astype(np.intp),
        np.concatenate([np.zeros(0, np.intp), *ables]),
        np.concatenate([empty, *seconds]),
        np.concatenate([empty, *costs]),
    )


class _Classes:
    """Rates by class while they are put together."""

    def __init__(self) -> None:
        self._rates: dict[ClassKey, float] = {}
        self._levels: dict[ClassKey, Levels] = {}

    def add(self, key: ClassKey, levels: Levels, rate: float) -> None:
        self._rates[key] = self._rates.get(key, 0.0) + rate
        self._levels.setdefault(key, levels)

    def scale(self, factor: float) -> None:
        self._rates = {key: rate * factor for key, rate in self._rates.items()}

    def told(self, rows: Sequence[ForecastRow], priors: Mapping[str, Sequence[float]]) -> None:
        """Brings what came of a topic and a language to what was forecast, in the mix in which it came.

        The first contacts say little of the mix: the topic's priors count as PRIOR_CONTACTS that came."""
        sums: dict[tuple[str, str], float] = {}
        for row in rows:
            pair = (row.topic_id, row.language)
            sums[pair] = sums.get(pair, 0.0) + row.contacts_per_hour / 3600.0
        for (topic_id, language), rate in sorted(sums.items()):
            alike = [k for k in self._rates if k.topic_id == topic_id and language in ("", k.language)]
            came = sum(self._rates[key] for key in alike)
            seen = came * SEEN_SECONDS
            split = seen / (seen + PRIOR_CONTACTS)
            for key in alike:
                self._rates[key] *= split * rate / came
            levels = tuple(enumerate(priors.get(topic_id) or (1.0,)))
            self.add(ClassKey(topic_id, language, False, "", "", 0, 0), levels, (1.0 - split) * rate)

    def sorted(self) -> list[Demand]:
        return [Demand(key, self._levels[key], self._rates[key]) for key in sorted(self._rates)]


class _Sides:
    """What groups bring to a class, as arrays over groups; answered once per topic, kind and language."""

    def __init__(self, groups: Groups, available: Sequence[str], beliefs: Beliefs) -> None:
        roster, count = groups.roster, len(groups.keys)
        there = frozenset(available)
        self._groups, self._beliefs, self._count = groups, beliefs, count
        self._topics = {topic.topic_id: index for index, topic in enumerate(roster.desk.topics)}
        self._present = np.flatnonzero(np.array([a in there for a in roster.agent_ids], dtype=bool))
        self._at = groups.group_of[self._present]
        self._people = np.bincount(self._at, minlength=count).astype(np.float64)
        units = groups.units[self._present] / UNITS_PER_CONTACT
        self.agents: Floats = np.bincount(self._at, units, minlength=count).astype(np.float64)
        """Agents at work, in calls that they can hold at once."""
        self._speed = self._mean(beliefs.speed)
        self._levels: dict[tuple[str, str], npt.NDArray[np.intp]] = {}
        self._certified: dict[str, Bools] = {}
        self._speaks: dict[str, Bools] = {}
        self._resolves: dict[str, Floats] = {}

    def may(self, key: ClassKey) -> tuple[Bools, bytes]:
        """Groups that may take it, and the same as bytes; a level that nobody at work reaches is not asked for."""
        able = self._able(key.topic_id) & self._speaking(key.language)
        reach = self._reached(key) >= key.least_level
        if (reach & (self._people > 0)).any():
            able = able & reach
        return able, np.packbits(able).tobytes()

    def seconds(self, topic_id: str) -> Floats:
        """Mean time that one contact takes."""
        handle = self._beliefs.handle_seconds
        at = self._topics.get(topic_id)
        mean = float(handle[at]) if at is not None else float(handle.mean())
        return np.maximum(mean * self._speed, 1.0)

    def resolves(self, topic_id: str) -> Floats:
        """Mean chance of resolving the topic; over all topics for an unknown one."""
        found = self._resolves.get(topic_id)
        if found is None:
            at = self._topics.get(topic_id)
            parts = self._beliefs.resolves
            found = self._mean(parts[at] if at is not None else np.mean(parts, axis=0))
            self._resolves[topic_id] = found
        return found

    def covers(self, key: ClassKey, levels: Levels) -> Floats:
        """A: chance that the group's level covers the need."""
        reached = self._reached(key)
        return np.array(sum(weight * (reached >= level) for level, weight in levels), dtype=np.float64)

    def _mean(self, of_agent: Floats) -> Floats:
        """Mean of each group's agents at work; 0 where there are none."""
        sums = np.bincount(self._at, of_agent[self._present], minlength=self._count)
        return np.asarray(sums / np.maximum(self._people, 1.0), dtype=np.float64)

    def _reached(self, key: ClassKey) -> npt.NDArray[np.intp]:
        kind = (key.decision_type, key.currency)
        if kind not in self._levels:
            self._levels[kind] = self._groups.levels(*kind)
        return self._levels[kind]

    def _able(self, topic_id: str) -> Bools:
        if topic_id not in self._certified:
            known = topic_id in self._topics
            able = [not known or topic_id in topics for topics in self._groups.certified]
            self._certified[topic_id] = np.array(able, dtype=bool)
        return self._certified[topic_id]

    def _speaking(self, language: str) -> Bools:
        if language not in self._speaks:
            able = [not language or language in spoken for spoken in self._groups.languages]
            self._speaks[language] = np.array(able, dtype=bool)
        return self._speaks[language]


def _spread_seconds(work: Work, settings: PolicySettings, limits: DeskLimits) -> float:
    if not work.slope.deferrable:
        return settings.backlog_seconds
    target_ms = limits.target_email_ms if work.kind is Kind.EMAIL else limits.target_social_ms
    return max(settings.backlog_seconds, target_ms / 1000)
