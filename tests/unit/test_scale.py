"""The plan for very many desks: what it says follows from the costs that it is given."""

from __future__ import annotations

import math
from dataclasses import replace

from benchmarks.scale import PLANS, Costs, Found, Load, Plan, examined, fewest, told

SMALL = Load(desks=40, agents=100)


def found(plan: Plan, load: Load = SMALL, costs: Costs | None = None) -> Found:
    return examined(plan, load, costs or Costs())


def test_following_everything_grows_with_the_whole_and_not_with_the_replicas() -> None:
    few, many = (found(Plan("", 256, replicas, None), Load()) for replicas in (16, 64))

    assert few.breaks == many.breaks == "following takes the core"
    assert many.following > few.following
    assert many.deciding < few.deciding


def test_a_queue_that_only_grows_has_no_latency() -> None:
    full = found(Plan("", 32, 2, 0), replace(SMALL, desks=1_000, agents=300))

    assert full.deciding > 1.0
    assert math.isinf(full.p99_ms)
    assert full.breaks == "deciding takes the core"


def test_a_replica_that_is_gone_leaves_its_work_to_the_others() -> None:
    plan = Plan("", 64, 4, 1)

    assert found(plan).busy < found(plan).after_loss < 2 * found(plan).busy


def test_the_fewest_replicas_hold_and_one_less_does_not() -> None:
    load = replace(SMALL, desks=400)
    least = fewest(PLANS[-1], load, Costs())

    assert least is not None
    assert least.breaks == ""
    assert found(replace(least.plan, replicas=least.plan.replicas - 1), load).breaks


def test_every_plan_is_told_with_what_gives_way_first() -> None:
    lines = [told(found(plan)) for plan in PLANS]

    assert all(line.endswith("holds") for line in lines)
    assert told(found(PLANS[0], Load())).endswith("following takes the core")
