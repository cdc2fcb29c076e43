"""Policy R1 as the specification simulated it (routing.md 6.3), written apart from the router.

It is a yardstick: what production's router does in the same world is compared with it, and a gap says where to look.
On replication 0 of A it meets the specification's figures in every digit. The text leaves parts of its e-mail open (from
when a hand-over's age counts, whether e-mail counts in N), so in C it comes near and no nearer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.contact import Contact
from simulator.floor import Floor
from simulator.policy import WAIT, Ask, Choice, Policy
from simulator.pool import Bools, Floats, Ints

NOT_RESOLVED_CS, AUTHORITY_CALL_CS, CONSULT_SECONDS = 1200.0, 120.0, 75.0
TARGET_SECONDS = 40.0
HOLD_CAP_SECONDS, HOLD_MARGIN_SECONDS, HOLD_AGAIN_SECONDS = 20.0, 0.5, 10.0
EMAIL_AGAIN_SECONDS, EMAIL_URGENT_SECONDS, EMAIL_LATER_CS = 60.0, 7200.0, 10_000.0
RESERVE = 2
CANDIDATES_MAX = 64
PATIENCE_SCALE_SECONDS = 56.0 / 3.0
APPROVER_FREE_FIRST, APPROVER_FREE_STEP = 0.6, 0.01


@dataclass(eq=False, slots=True)
class Case:
    """What a contact costs at each agent, C = fixed - phi x by_approver; of no meaning where not eligible."""

    entry: int
    hour: int
    eligible: Bools
    fixed: Floats
    by_approver: Floats
    fixed_mean: float
    by_approver_mean: float
    rate: float
    """Of all eligible, per second."""


class ReferencePolicy(Policy):
    """[R1] with `idle_cs` (kappa) .05, "R1 fair" with .3; to be run with the owner rule."""

    def __init__(
        self, prices: Floats, *, idle_cs: float = 0.05, hold_cap_seconds: float = HOLD_CAP_SECONDS
    ) -> None:
        self._hourly = prices
        """[hours, n]"""
        self._idle_cs = idle_cs
        self._hold_cap_seconds = hold_cap_seconds

    def begin(self, floor: Floor) -> None:
        super().begin(floor)
        pool = self.pool = floor.pool
        self._rate = 1.0 / (pool.speed * pool.mean_handle_seconds)
        self._reserve = 1 + 0.03 * pool.agents
        self._approver_free = APPROVER_FREE_FIRST
        self._now = 0.0
        self._cases: dict[Contact, Case] = {}

    # What it is asked.

    def arrival(self, contact: Contact, now: float) -> Choice:
        self._now = now
        case = self._case(contact)
        idle = np.flatnonzero(case.eligible & self.floor.idle)
        if contact.email and not self._urgent(contact, now):
            if idle.size <= self._reserve:
                return WAIT
            idle = np.array([agent for agent in idle if self._leaves_reserve(int(agent))], dtype=np.int64)
        if not idle.size:
            return WAIT
        cost = self._costs(case)
        best = int(idle[np.argmin(cost[idle] - self._idle_cs * (now - self.floor.idle_since[idle]))])
        wait_seconds = self._hold(contact, case, cost, best, now)
        return Choice(best) if wait_seconds is None else Choice(again_seconds=now + wait_seconds)

    def freed(self, agent: int, now: float) -> Contact | None:
        self._now = now
        best, highest = None, -np.inf
        for contact in self.floor.phone:
            value = self._value(contact, agent, now)
            if value is not None and value > highest:
                best, highest = contact, value
        plenty = self.floor.idle_count > self._reserve
        reserved = plenty and self._leaves_reserve(agent) if self.floor.email else False
        for contact in self.floor.email:
            urgent = self._urgent(contact, now)
            if not urgent and not reserved:
                break
            value = self._value(contact, agent, now)
            if value is not None and value - (0.0 if urgent else EMAIL_LATER_CS) > highest:
                best, highest = contact, value - (0.0 if urgent else EMAIL_LATER_CS)
        if best is None or best.email:
            return best
        case = self._case(best)
        return best if self._hold(best, case, self._costs(case), agent, now) is None else None

    def adviser(self, contact: Contact, owner: int, need: int, ask: Ask, topic: int) -> int | None:
        found = super().adviser(contact, owner, need, ask, topic)
        if ask is Ask.AUTHORITY:
            self._approver_free += APPROVER_FREE_STEP * ((found is not None) - self._approver_free)
        return found

    def prices(self) -> Floats:
        return np.asarray(self._hourly[self._hour(self._now)])

    def started(self, contact: Contact, agent: int, now: float) -> None:
        self._now = now
        self._cases.pop(contact, None)

    def left(self, contact: Contact, now: float) -> None:
        self._cases.pop(contact, None)

    # Costs, and what waiting costs.

    def _hour(self, now: float) -> int:
        return min(int(now // 3600.0), len(self._hourly) - 1)

    def _case(self, contact: Contact) -> Case:
        hour = self._hour(self._now)
        case = self._cases.get(contact)
        if case is None or case.entry != contact.entry or case.hour != hour:
            case = self._cases[contact] = self._new_case(contact, hour)
        return case

    def _new_case(self, contact: Contact, hour: int) -> Case:
        pool, weight = self.pool, contact.weight
        price = self._hourly[hour]
        failure = NOT_RESOLVED_CS * weight
        covered = np.cumsum(contact.need_chances)[pool.level]
        chance = pool.resolves[:, contact.topic]
        talk = pool.handle_seconds[contact.topic] * pool.speed
        fixed = talk * (weight + price) + (1 - chance * covered) * failure
        fixed += (1 - covered) * (
            CONSULT_SECONDS * (weight + price + price.max()) + AUTHORITY_CALL_CS * weight
        )
        by_approver = chance * (1 - covered) * failure
        eligible = self._eligible(contact)
        return Case(
            entry=contact.entry,
            hour=hour,
            eligible=eligible,
            fixed=fixed,
            by_approver=by_approver,
            fixed_mean=float(fixed[eligible].mean()),
            by_approver_mean=float(by_approver[eligible].mean()),
            rate=float(self._rate[eligible].sum()),
        )

    def _eligible(self, contact: Contact) -> Bools:
        leveled = self.pool.level >= contact.least_level
        certified = leveled & self.pool.certified[:, contact.topic]
        certified[contact.prior_agents] = False
        if certified.any():
            return certified
        leveled[contact.last_agent if contact.last_agent >= 0 else []] = False
        return leveled

    def _costs(self, case: Case) -> Floats:
        return case.fixed - self._approver_free * case.by_approver

    def _waiting_cs(self, contact: Contact, waited: float, more: Floats) -> Floats:
        """[h] Per second, of waiting `more` seconds."""
        if contact.email:
            return np.full_like(more, contact.weight * (0.01 + 0.03 * max(0.0, waited - 3600.0) / 3600.0))
        hazard = (_log_stays(np.asarray(waited)) - _log_stays(waited + more)) / more
        return contact.weight * (1 + waited / TARGET_SECONDS) + NOT_RESOLVED_CS * contact.weight * hazard

    def _ahead(self, contact: Contact) -> int:
        """[N] The contact and the other waiting calls of its topic."""
        return 1 + sum(other.topic == contact.topic and other is not contact for other in self.floor.phone)

    def _hold(self, contact: Contact, case: Case, cost: Floats, best: int, now: float) -> float | None:
        """Seconds after which to decide again, if it pays to wait for a better agent."""
        waited = now - contact.queued_seconds
        if not contact.email and waited + HOLD_MARGIN_SECONDS >= self._hold_cap_seconds:
            return None
        busy = np.flatnonzero(case.eligible & ~self.floor.idle & (cost < cost[best] - 1.0))
        busy = busy[busy != best]
        if not busy.size:
            return None
        busy = busy[np.argsort(cost[busy], kind="stable")[:CANDIDATES_MAX]]
        rate = self._rate[busy]
        together = np.cumsum(rate)
        seconds = self._ahead(contact) / together
        total = np.cumsum(cost[busy] * rate) / together
        total += self._waiting_cs(contact, waited, seconds) * seconds
        least = int(np.argmin(total))
        if total[least] >= cost[best]:
            return None
        return EMAIL_AGAIN_SECONDS if contact.email else min(float(seconds[least]), HOLD_AGAIN_SECONDS)

    def _value(self, contact: Contact, agent: int, now: float) -> float | None:
        """[V] Of giving the contact to the agent now; None if the agent may not take it."""
        case = self._case(contact)
        if not case.eligible[agent]:
            return None
        seconds = self._ahead(contact) / case.rate
        waiting = self._waiting_cs(contact, now - contact.queued_seconds, np.array([seconds]))[0] * seconds
        phi = self._approver_free
        mean = case.fixed_mean - phi * case.by_approver_mean
        return float(waiting + mean - (case.fixed[agent] - phi * case.by_approver[agent]))

    # E-mail waits behind a reserve.

    def _urgent(self, contact: Contact, now: float) -> bool:
        return now - contact.queued_seconds >= EMAIL_URGENT_SECONDS

    def _leaves_reserve(self, agent: int) -> bool:
        """In each of its topics, two idle colleagues of at least its authority."""
        colleagues: Bools = self.floor.idle & (self.pool.level >= self.pool.level[agent])
        colleagues[agent] = False
        topics: Ints = np.flatnonzero(self.pool.certified[agent])
        return bool((self.pool.certified[colleagues][:, topics].sum(axis=0) >= RESERVE).all())


def _log_stays(seconds: Floats) -> Floats:
    """ln S of the gamma patience of shape 3."""
    x = seconds / PATIENCE_SCALE_SECONDS
    return np.asarray(np.log1p(x + x * x / 2) - x)
