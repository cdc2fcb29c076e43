"""A world's pool as the configuration of a desk, so that production's router can work in it.

Levels of authority become grants of one kind of decision: an agent of level 2 may grant what level 2 may, a need of
level 2 is an amount between the limits of levels 1 and 2.
"""

from __future__ import annotations

from dataclasses import replace

from services.contract.desk import (
    Agent,
    AuthorityRule,
    Desk,
    DeskLimits,
    DeskPolicy,
    Grant,
    Queue,
    Skill,
    Topic,
)
from services.contract.facts import DecisionWanted
from simulator.pool import Floats, Pool

DESK_ID = "simulated"
DECISION_TYPE, CURRENCY = "refund", "EUR"
LIMITS_MINOR = (1_000, 5_000, 15_000, 50_000)
LANGUAGE = "en"
ONE_AT_A_TIME = DeskPolicy(units_email=100, units_message=100, interrupt_email=0)
"""In the worlds an agent does one thing at a time, and to the end."""
KNOWN_STRENGTH = 1e6
"""Contacts that configured chances weigh as, where they are the true ones and nothing is to be learned."""
CALL_BACK_AFTER_MS = 600_000
WHOLE_DAY_MS = 24 * 3_600_000


def agent_id(index: int) -> str:
    """Sorted by id, agents stand in the order of the pool."""
    return f"a{index:05d}"


def topic_id(index: int) -> str:
    return f"t{index:03d}"


def wanted(level: int, *, stated: bool) -> DecisionWanted:
    """A decision that needs the level, by the desk's limits."""
    return DecisionWanted(
        decision_type=DECISION_TYPE, amount_minor=LIMITS_MINOR[level], currency=CURRENCY, stated=stated
    )


def desk_of(
    pool: Pool, *, policy: DeskPolicy = ONE_AT_A_TIME, known: bool = True, prior: float = 0.8
) -> Desk:
    """The pool as a desk; a policy of one's own is made with `dataclasses.replace(ONE_AT_A_TIME, ...)`. `known`: the true chances to resolve are configured; else all start at `prior`."""
    return Desk(
        desk_id=DESK_ID,
        version="1",
        topics=tuple(_topic(pool, index, prior) for index in range(pool.topics)),
        queues=(Queue(queue_id="all"),),
        authority=(AuthorityRule(decision_type=DECISION_TYPE, currency=CURRENCY, limits_minor=LIMITS_MINOR),),
        agents=tuple(_agent(pool, index, known=known) for index in range(pool.agents)),
        limits=DeskLimits(
            lease_ms=WHOLE_DAY_MS, repeat_window_ms=WHOLE_DAY_MS, callback_ms=CALL_BACK_AFTER_MS
        ),
        policy=replace(policy, strength_cell=KNOWN_STRENGTH) if known else policy,
    )


def _topic(pool: Pool, index: int, prior: float) -> Topic:
    return Topic(
        topic_id=topic_id(index),
        resolution_prior=prior,
        handle_seconds=float(pool.handle_seconds[index]),
        level_priors=_shares(pool.need_prior[index, 0]),
        complaint_level_priors=_shares(pool.need_prior[index, 1]),
        decision_type=DECISION_TYPE,
    )


def _agent(pool: Pool, index: int, *, known: bool) -> Agent:
    level = int(pool.level[index])
    certified = [topic for topic in range(pool.topics) if pool.certified[index, topic]]
    skills = [
        Skill(topic_id=topic_id(topic), resolution=float(pool.resolves[index, topic])) for topic in certified
    ]
    return Agent(
        agent_id=agent_id(index),
        topic_ids=tuple(topic_id(topic) for topic in certified),
        languages=(LANGUAGE,),
        grants=(
            (Grant(decision_type=DECISION_TYPE, limit_minor=LIMITS_MINOR[level], currency=CURRENCY),)
            if level
            else ()
        ),
        capacity_units=100,
        speed_factor=float(pool.speed[index]),
        skills=tuple(skills) if known else (),
    )


def _shares(chances: Floats) -> tuple[float, ...]:
    """Rounded so that they add up to 1."""
    shares = [round(float(chance), 9) for chance in chances]
    shares[0] = round(1.0 - sum(shares[1:]), 9)
    return tuple(shares)
