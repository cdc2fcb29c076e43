"""The router's learning under the reference policy: a tenth of the cost of production, to see what learning itself does.

The counts, labels and publication are production's own (policy/learning.py, outcomes.py, board.py); who gets what is
decided by reference_policy.py from the published chances, and results are the owners' own: who was stuck has failed,
even if an adviser then settles it (routing.md 3).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from services.router.policy.board import Board, Configured
from services.router.policy.labels import Statement
from services.router.policy.learning import Before, Key, Skills, Strengths, stratum_of
from services.router.policy.memory import DAY_MS, weight_on
from services.router.policy.outcomes import Open, Outcomes
from services.router.policy.settings import DEFAULTS
from services.router.policy.speeds import Speeds
from simulator.bid_prices import hourly_prices
from simulator.contact import Contact
from simulator.day import Day, draw_day
from simulator.desk import agent_id, topic_id
from simulator.floor import Floor
from simulator.flow import Flow, Work
from simulator.learning_run import Learned, learned_of
from simulator.metrics import measure
from simulator.policy import Choice
from simulator.pool import Pool, draw_pool
from simulator.reference_policy import ReferencePolicy
from simulator.worlds import World

PRIOR = 0.8
PUBLISHED_EVERY_SECONDS = 300.0
IDLE_CS = 0.3


class Memory:
    """What a desk has learned of a pool; `window_days` of 0 knows at once how a contact ended."""

    def __init__(self, pool: Pool, window_days: int, strengths: Strengths) -> None:
        agents, topics = pool.resolves.shape
        configured = Configured(
            tuple([agent_id(agent) for agent in range(agents)]),
            tuple([topic_id(topic) for topic in range(topics)]),
            (PRIOR,) * topics,
            (np.zeros(agents),) * topics,
            np.ones(agents),
            tuple(pool.handle_seconds.tolist()),
        )
        self.day = 0
        self.outcomes = Outcomes()
        self._window_days, self._strengths = window_days, strengths
        self._skills = Skills()
        self._board = Board.of(configured, self._skills, Speeds())
        self._touched: set[tuple[str, str]] = set()
        self._ended: dict[int, list[str]] = {}
        """Cases by the day on which they ended."""

    @property
    def today(self) -> int:
        return weight_on(self.day, DEFAULTS.decay_half_life_days)

    def ended(self, key: Key, *, resolved: bool, at_seconds: float) -> None:
        """An owner's own result."""
        before, today = Before(PRIOR), self.today
        self._touched.add((key.agent_id, key.topic_id))
        if not resolved or not self._window_days:
            result = self._skills.result(key, float(resolved), before, self._strengths, today)
            self._skills = self._skills.entered(result, PRIOR)
            return
        label = self.outcomes.provisional(key.topic_id, Statement.SETTLED, 0.0, today)
        result = self._skills.result(key, label, before, self._strengths, today)
        case = f"{self.outcomes.next_number}"
        entry = Open(case, self.day * DAY_MS + round(at_seconds * 1000), Statement.SETTLED, result)
        self._skills, self.outcomes = self.outcomes.entered(self._skills, entry, PRIOR)
        self._ended.setdefault(self.day, []).append(case)
        self._look_again(entry.at_ms)

    def _look_again(self, at_ms: int) -> None:
        window_ms = self._window_days * DAY_MS
        self._skills, self.outcomes, keys = self.outcomes.looked_at(
            self._skills, lambda _: PRIOR, lambda ended_ms: (at_ms - ended_ms) / window_ms, self.today
        )
        self._touched |= {(key.agent_id, key.topic_id) for key in keys}

    def next_day(self) -> None:
        """It is morning: the windows of a day are over."""
        self.day += 1
        for case in self._ended.pop(self.day - self._window_days, []):
            results = self.outcomes.of(case)
            keys = [one.result.key for _, one in results]
            self._skills, self.outcomes = self.outcomes.window_over(self._skills, results, lambda _: PRIOR)
            self._touched |= {(key.agent_id, key.topic_id) for key in keys}

    def believed(self, pool: Pool) -> Pool:
        """The pool with the chances that would be published now."""
        self._board = self._board.brought_up(self._skills, Speeds(), sorted(self._touched), ())
        self._touched.clear()
        beliefs = self._board.beliefs(
            self._skills, Speeds(), self._strengths, self.today, version=1, approver_free=0.6
        )
        return replace(pool, resolves=np.stack(beliefs.resolves, axis=1))


class LearningPolicy(ReferencePolicy):
    """Decides by what was published last; `memory` of None knows the true chances."""

    def __init__(self, world: World, pool: Pool, memory: Memory | None) -> None:
        super().__init__(hourly_prices(world, pool), idle_cs=IDLE_CS)
        self.memory = memory
        self._publishes_at = 0.0

    def begin(self, floor: Floor) -> None:
        super().begin(floor)
        self._true = floor.pool

    def arrival(self, contact: Contact, now: float) -> Choice:
        self._publish(now)
        return super().arrival(contact, now)

    def freed(self, agent: int, now: float) -> Contact | None:
        self._publish(now)
        return super().freed(agent, now)

    def _publish(self, now: float) -> None:
        if self.memory is not None and now >= self._publishes_at:
            self.pool = self.memory.believed(self._true)
            self._cases.clear()
            self._publishes_at = now + PUBLISHED_EVERY_SECONDS


class LearningFlow(Flow):
    """Tells the memory what each owner resolved himself."""

    def __init__(self, pool: Pool, day: Day, policy: LearningPolicy) -> None:
        super().__init__(pool, day, policy, owner_keeps=True)
        self._memory = policy.memory

    def _worked(self, work: Work) -> None:
        contact, topic = work.contact, int(self.day.topic[work.contact.issue])
        if self._memory is not None and self.pool.certified[work.agent, topic]:
            chance = self.pool.resolves[work.agent, topic]
            stratum = stratum_of(
                int(np.argmax(contact.need_chances)), complaint=contact.complaint, repeat=contact.attempt > 0
            )
            self._memory.ended(
                Key(agent_id(work.agent), topic_id(topic), stratum),
                resolved=bool(self.day.luck_resolved[contact.issue, work.draw] < chance),
                at_seconds=self.now,
            )
        super()._worked(work)


def reference_days(
    world: World,
    replication: int,
    *,
    days: int,
    known: bool,
    window_days: int = 0,
    strengths: Strengths | None = None,
) -> Iterator[Learned]:
    """Day after day, as `Days.evenings` of learning_run.py does through production."""
    pool = draw_pool(world, replication)
    memory = None if known else Memory(pool, window_days, strengths or Strengths())
    for number in range(days):
        day = draw_day(world, pool, replication, number)
        record = LearningFlow(pool, day, LearningPolicy(world, pool, memory)).run()
        believed = pool if memory is None else memory.believed(pool)
        yield learned_of(
            number,
            measure(record),
            pool,
            believed.resolves,
            results_open=0 if memory is None else len(memory.outcomes.opened),
        )
        if memory is not None:
            memory.next_day()
