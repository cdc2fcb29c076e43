"""1,000 desks of 1,000 agents: which plan of partitions and replicas holds, and where each breaks first.

    python -m benchmarks.scale                      the plans of docs/scale.md
    python -m benchmarks.scale --desks 200 --replicas 8 --partitions 256 --followers 1

A simulation: desks are spread by the contract's own hash, partitions over replicas, and the facts of one minute of the
busiest hour run through each replica's one core, as a queue (Lindley's recursion). What a fact, a record and a thing
remembered cost is measured by `python -m benchmarks replica`; the defaults are the figures of docs/scale.md.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from services.contract.topics import partition_of

Floats = npt.NDArray[np.floating]
SECONDS = 60
QUANTILE = 0.99
GIB = 1 << 30
VARIATION = 1.2
"""Coefficient of variation of the CPU time of a fact: arrivals and closings weigh whole pools, answers do not."""


@dataclass(frozen=True)
class Costs:
    """What things cost, measured."""

    fact_us: float = 650.0
    """Of the owner, for a fact, from its bytes to those of its record."""
    own_record_us: float = 5.0
    """Of the owner, for its own record back from the log."""
    foreign_record_us: float = 170.0
    """Of a replica that follows, for a record."""
    shell_us: float = 16.0
    """Of the Kafka client, for one record in and one out (`python -m benchmarks loop`)."""
    records_a_fact: float = 1.3
    facts_a_contact: float = 4.0
    """The benchmark has three: it comes, is taken, is settled. Messages, hang-ups and states of agents make a fourth."""
    fact_bytes: float = 400.0
    """With the words of a message; the benchmark's own facts have none."""
    record_bytes: float = 545.0
    open_bytes: float = 2_000.0
    """Of an open contact with its case."""
    day_bytes: float = 2_600.0
    """The same on the day after it is settled."""
    week_bytes: float = 400.0
    """From then on, until its repeat window is over."""
    agent_bytes: float = 4_000.0
    """An estimate: its configuration, its state, its cells in the columns."""
    replica_bytes: float = 150.0 * (1 << 20)
    """Of a process that holds nothing."""
    session_us: float = 60.0
    """Of the gRPC server, for one message to or from an agent; an estimate."""


@dataclass(frozen=True)
class Load:
    """What comes."""

    desks: int = 1_000
    agents: int = 1_000
    """Of each desk."""
    occupancy: float = 0.8
    """Of the agents in the busiest hour."""
    handle_seconds: float = 270.0
    busy_hours: float = 10.0
    """Hours of the busiest rate that make a day."""
    spread: float = 0.3
    """Standard deviation of the logarithm of a desk's rate around the mean."""

    @property
    def contacts_a_second(self) -> float:
        """Of one desk."""
        return self.agents * self.occupancy / self.handle_seconds

    @property
    def contacts_a_day(self) -> float:
        """Of one desk."""
        return self.contacts_a_second * self.busy_hours * 3600


@dataclass(frozen=True)
class Plan:
    """Partitions over replicas."""

    name: str
    partitions: int
    replicas: int
    followers: int | None
    """Replicas that follow a partition beside its owner; None for all, as the router does today."""
    settled_bytes: float = 0.0
    """Of a settled contact in memory, on its first day and after; 0 for what is measured. A plan of what is not built."""


@dataclass(frozen=True)
class Found:
    """How a plan fares."""

    plan: Plan
    deciding: float
    """Share of the busiest replica's core for its own facts."""
    following: float
    """The same for records that others decided."""
    telling: float
    """The same for its agents' sessions."""
    after_loss: float
    """Share of the busiest core once one replica is gone."""
    p50_ms: float
    p99_ms: float
    """From a fact's arrival to its record; infinite where the queue only grows."""
    memory_gib: float
    """Of the largest replica."""
    partition_gib: float
    """Of the largest partition, about what its snapshot holds."""
    desks_a_partition: int
    """Of the fullest."""

    @property
    def busy(self) -> float:
        return self.deciding + self.following + self.telling

    @property
    def breaks(self) -> str:
        """What gives way first, in words; empty where all holds."""
        if self.busy >= 1.0:
            parts = {"deciding": self.deciding, "following": self.following, "telling agents": self.telling}
            return f"{max(parts, key=lambda name: parts[name])} takes the core"
        if self.after_loss > LOSS_MAX:
            return "the loss of one replica"
        if self.memory_gib > MEMORY_GIB_MAX:
            return "memory"
        if self.partition_gib > SNAPSHOT_GIB_MAX:
            return "the size of a snapshot"
        return "latency" if self.p99_ms > P99_MS_MAX else ""


REPLICAS_MAX = 128
LOSS_MAX = 0.8
"""Share of a core that may be taken once a replica is gone; beyond it a queue has no room for bursts."""
MEMORY_GIB_MAX, SNAPSHOT_GIB_MAX, P99_MS_MAX = 64.0, 4.0, 40.0
PLANS: tuple[Plan, ...] = (
    Plan("as it is: 32 partitions, everybody follows", 32, 16, None),
    Plan("more replicas, everybody follows", 256, 64, None),
    Plan("one follower a partition", 1_024, 32, 1),
    Plan("the same with more replicas", 1_024, 64, 1),
    Plan("no followers", 1_024, 48, 0),
    Plan("one follower, 400 B from the first day on", 1_024, 32, 1, 400.0),
    Plan("one follower, settled contacts on disk", 1_024, 24, 1, 40.0),
)


def examined(plan: Plan, load: Load, costs: Costs, seed: int = 1) -> Found:
    """The plan under the load of the busiest minute."""
    rng = np.random.default_rng(seed)
    partition = np.array([partition_of(f"desk-{number}", plan.partitions) for number in range(load.desks)])
    rate = load.contacts_a_second * np.exp(rng.normal(0.0, load.spread, load.desks) - load.spread**2 / 2)
    facts: Floats = 1.0 * np.bincount(partition, rate * costs.facts_a_contact, plan.partitions)
    desks = np.bincount(partition, minlength=plan.partitions)
    owner = np.arange(plan.partitions) % plan.replicas
    others = plan.replicas - 1 if plan.followers is None else min(plan.followers, plan.replicas - 1)
    owned = np.bincount(owner, facts, plan.replicas)
    followed = sum((np.roll(owned, step) for step in range(1, others + 1)), np.zeros(plan.replicas))
    fact_s = (costs.fact_us + costs.records_a_fact * costs.own_record_us + costs.shell_us) / 1e6
    record_s = (costs.foreign_record_us + costs.shell_us / 2) / 1e6
    deciding, following = owned * fact_s, followed * costs.records_a_fact * record_s
    telling = owned * 2 * costs.session_us / 1e6
    busy: Floats = np.asarray(deciding + following + telling, dtype=np.float64)
    most = int(busy.argmax())
    p50, p99 = _latency_ms(rng, owned[most], followed[most] * costs.records_a_fact, fact_s, record_s)
    desk_bytes = _desk_bytes(load, costs, plan.settled_bytes)
    own_desks: Floats = 1.0 * np.bincount(owner, desks, plan.replicas)
    held = own_desks + sum(
        (np.roll(own_desks, step) for step in range(1, others + 1)), np.zeros(plan.replicas)
    )
    return Found(
        plan,
        float(deciding[most]),
        float(following[most]),
        float(telling[most]),
        _after_loss(busy, facts, owner, most, fact_s),
        p50,
        p99,
        float(held.max() * desk_bytes + costs.replica_bytes) / GIB,
        float(desks.max() * desk_bytes) / GIB,
        int(desks.max()),
    )


def _desk_bytes(load: Load, costs: Costs, settled_bytes: float = 0.0) -> float:
    """What one desk remembers: its agents, what is open, a day of contacts, a week of cases."""
    return (
        load.agents * costs.agent_bytes
        + 1.2 * load.agents * load.occupancy * costs.open_bytes
        + load.contacts_a_day * (settled_bytes or costs.day_bytes)
        + 6 * load.contacts_a_day * (settled_bytes or costs.week_bytes)
    )


def _after_loss(busy: Floats, facts: Floats, owner: npt.NDArray[np.int64], lost: int, fact_s: float) -> float:
    """The busiest core once the busiest replica's partitions went to the others in turn."""
    left = [at for at in range(len(busy)) if at != lost]
    if not left:
        return float("inf")
    after = busy.copy()
    for turn, partition in enumerate(np.flatnonzero(owner == lost)):
        after[left[turn % len(left)]] += facts[partition] * fact_s
    return float(after[left].max())


def _latency_ms(
    rng: np.random.Generator, facts_a_second: float, records_a_second: float, fact_s: float, record_s: float
) -> tuple[float, float]:
    """p50 and p99 from a fact's arrival to its record: one core that serves facts and foreign records as they come."""
    rate = facts_a_second + records_a_second
    if facts_a_second * fact_s + records_a_second * record_s >= 1.0:
        return float("inf"), float("inf")
    count = int(rate * SECONDS)
    gaps = rng.exponential(1.0 / rate, count)
    is_fact = rng.random(count) < facts_a_second / rate
    shape = 1.0 / VARIATION**2
    served = np.where(is_fact, fact_s, record_s) * rng.gamma(shape, 1.0 / shape, count)
    ahead = np.cumsum(served - np.append(gaps[1:], 0.0))
    before = np.concatenate(([0.0], ahead[:-1]))
    waits = before - np.minimum.accumulate(np.minimum(before, 0.0))
    taken = (waits + served)[is_fact] * 1000
    return float(np.median(taken)), float(np.quantile(taken, QUANTILE))


def fewest(plan: Plan, load: Load, costs: Costs) -> Found | None:
    """The plan with the fewest replicas that holds; None where no number does."""
    for replicas in range(2, 1 + min(plan.partitions, REPLICAS_MAX)):
        found = examined(replace(plan, replicas=replicas), load, costs)
        if not found.breaks:
            return found
    return None


def told(found: Found) -> str:
    """One line of the table."""
    plan = found.plan
    follow = "all" if plan.followers is None else str(plan.followers)
    return (
        f"{plan.name:<44} {plan.partitions:>6} {plan.replicas:>5} {follow:>5}  "
        f"{found.deciding:>5.0%} {found.following:>6.0%} {found.telling:>5.0%}  {found.after_loss:>6.0%}  "
        f"{found.p50_ms:>6.1f} {found.p99_ms:>7.1f}  {found.memory_gib:>6.1f} {found.partition_gib:>6.2f}  "
        f"{found.breaks or 'holds'}"
    )


def main() -> int:
    """Prints the load, the plans, and the smallest that holds."""
    load, costs = Load(), Costs()
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scale",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--desks", type=int, default=load.desks)
    parser.add_argument("--agents", type=int, default=load.agents, help="of each desk")
    parser.add_argument("--partitions", type=int, default=0, help="a plan of your own; with --replicas")
    parser.add_argument("--replicas", type=int, default=0)
    parser.add_argument(
        "--followers", type=int, default=1, help="replicas that follow a partition; -1 for all"
    )
    options = parser.parse_args()
    load = Load(desks=options.desks, agents=options.agents)
    facts = load.desks * load.contacts_a_second * costs.facts_a_contact
    records = facts * costs.records_a_fact
    day = load.desks * load.contacts_a_day * costs.facts_a_contact
    out = sys.stdout.write
    out(
        f"{load.desks:,} desks of {load.agents:,} agents: {facts:,.0f} facts/s and {records:,.0f} records/s in the "
        f"busiest hour;\na day's log {day * costs.records_a_fact * costs.record_bytes / 1e9:,.0f} GB of decisions, "
        f"{day * costs.fact_bytes / 1e9:,.0f} GB of facts, before replication\n"
        f"a desk remembers {_desk_bytes(load, costs) / GIB:.2f} GiB\n\n"
        f"{'':<44} {'parts':>6} {'repl.':>5} {'foll.':>5}  {'decide':>5} {'follow':>6} {'tell':>5}  {'1 lost':>6}  "
        f"{'p50 ms':>6} {'p99 ms':>7}  {'GiB':>6} {'largest':>6}  breaks first\n"
    )
    plans: tuple[Plan, ...] = PLANS
    if options.partitions and options.replicas:
        followers = None if options.followers < 0 else options.followers
        plans = (Plan("your plan", options.partitions, options.replicas, followers),)
    for plan in plans:
        out(told(examined(plan, load, costs)) + "\n")
    if plans is PLANS:
        out("\nfewest replicas that hold\n")
        for plan in (plans[2], *plans[-2:]):
            found = fewest(plan, load, costs)
            out(
                (told(found) if found is not None else f"{plan.name:<44} no number up to {REPLICAS_MAX}")
                + "\n"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
