"""How long the router's pure core takes: scoring alone, and a whole fact, by the size of the desk.

    python -m benchmarks router                 the figures with their references
    python -m benchmarks.router_core            the same by kind of fact, and the growth from size to size
    python -m benchmarks.router_core 10000x100000    one size alone: then the memory is that desk's

References of the same run: a plain Python scan of all agents that takes the least of their costs, a bare argmin over as
many numbers, and a codec round trip of the same records. Ratios hold between machines, absolutes do not.
"""

from __future__ import annotations

import gc
import random
import resource
import sys
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks.measure import Figure, percentile
from benchmarks.plots import plot
from services.contract import facts as f
from services.contract.codec import decode_decision, encode_decision
from services.contract.decisions import Decision, Offered
from services.contract.desk import Agent, AuthorityRule, Desk, Grant, Queue, Topic
from services.contract.facts import Channel, CustomerRef, DecisionWanted, LanguageGuess, TopicWeight
from services.contract.topics import PARTITION_HASH
from services.router import kernels
from services.router.decide import decide_fact, decide_genesis, decide_timer
from services.router.log.fold import fold
from services.router.model import Contact, DeskState, PartitionState, changed
from services.router.picking import next_pick
from services.router.seeking import compare, reconsider, search, seek
from services.router.timers import TimerIndex
from services.router.waiting import entries
from services.runtime.lifecycle import calm_collector

T = TypeVar("T")
SIZES = ((100, 1_000), (1_000, 1_000), (10_000, 1_000), (10_000, 10_000), (10_000, 100_000))
"""Agents, and contacts that wait."""
SETTLED, SCORED, KEPT = 1_000, 2_000, 4_000
"""Contacts settled under the clock, searches alone, and records kept for the reference."""
IDLE_SHARE = 0.05
DESK, START_MS = "bench", 1_775_548_800_000
HANDLE_SECONDS = 270
TOPICS = tuple(f"topic{number:02}" for number in range(20))
LANGUAGES = ("en", "de", "sr", "te")
LIMITS = (0, 5_000, 15_000, 50_000)


@dataclass
class Bench:
    """A partition under load, its clock by hand."""

    agents: int
    rng: random.Random
    state: PartitionState = field(default_factory=PartitionState.empty)
    timers: TimerIndex = field(default_factory=TimerIndex)
    now_ms: int = START_MS
    offset: int = -1
    records: deque[Decision] = field(default_factory=lambda: deque(maxlen=KEPT))
    taken_us: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    arrived: int = 0
    measured: bool = False

    @property
    def desk(self) -> DeskState:
        return self.state.desks[DESK]

    def tell(self, body: object) -> Decision:
        """Decides and folds one fact."""
        self.offset += 1
        fact = f.Fact(
            fact_id=f"fact-{self.offset}",
            desk_id=DESK,
            received_at_ms=self.now_ms,
            body=body,  # type: ignore[arg-type] # one of the bodies
        )
        started = time.thread_time()
        record = decide_fact(
            self.state,
            fact,
            offset=self.offset,
            now_ms=self.now_ms,
            decision_id=self.offset + 2,
            owner="bench",
        )
        self._fold(record)
        if self.measured:
            self.taken_us[type(body).__name__].append((time.thread_time() - started) * 1e6)
        self.timers.note(self.state, record)
        self.records.append(record)
        return record

    def _fold(self, record: Decision) -> None:
        folded = fold(self.state, record)
        assert folded.accepted, folded.reason
        self.state = folded.state

    def begin(self, waiting: int) -> None:
        """Everybody on a contact, and so many waiting, all within a minute."""
        genesis = decide_genesis(
            generation=1,
            partitions=1,
            partition_hash=PARTITION_HASH,
            first_fact_offset=0,
            now_ms=self.now_ms,
            decision_id=1,
            owner="bench",
        )
        self._fold(genesis)
        applied = self.tell(f.DeskConfigured(desk=_desk(self.agents, self.rng)))
        assert applied.reply is not None and applied.reply.accepted, applied.reply
        for index in range(self.agents):
            self.tell(f.AgentSignedIn(agent_id=_name(index)))
        step = 30_000 / (2 * self.agents + waiting)
        queued = 0
        while queued < waiting:
            self.arrive()
            queued += self.desk.contacts[f"c{self.arrived}"].lane is not None
            self.now_ms = START_MS + round(self.arrived * step)

    def arrive(self) -> None:
        """A call, a mail or a message; whoever is offered it takes it."""
        self.arrived += 1
        rng = self.rng
        channel, medium = rng.choice(
            ((Channel.PHONE, "voice"), (Channel.EMAIL, "email"), (Channel.SOCIAL, "messenger"))
        )
        if self.arrived <= 2 * self.agents:
            channel, medium = Channel.PHONE, "voice"
        record = self.tell(self.contact(channel, medium))
        contact = self.desk.contacts[f"c{self.arrived}"]
        if contact.offer_id and record.events:
            self._answer(contact.offer_id, contact.offered_to_id)

    def contact(self, channel: Channel, medium: str) -> f.ContactArrived:
        """Its words as intake read them: two topics, a language, now and then a stated decision."""
        rng = self.rng
        first, second = rng.sample(TOPICS, 2)
        amount = rng.choice((0, 0, 2_000, 9_000, 30_000))
        return f.ContactArrived(
            contact_id=f"c{self.arrived}",
            channel=channel,
            medium=medium,
            customer=CustomerRef(key=f"k{rng.randrange(1_000_000)}"),
            thread_key=f"t{self.arrived}",
            language=LanguageGuess(code=rng.choices(LANGUAGES, (6, 2, 1, 1))[0]),
            topics=(TopicWeight(topic_id=first, weight=0.9), TopicWeight(topic_id=second, weight=0.1)),
            decision_wanted=DecisionWanted(
                decision_type="refund", amount_minor=amount, currency="EUR", stated=True
            )
            if amount
            else None,
            complaint=rng.random() < 0.1,
        )

    def one_settled(self) -> None:
        """One agent settles a contact, gets the next offered and takes it; one contact arrives."""
        agent = self.desk.agents[_name(self.rng.randrange(self.agents))]
        if not agent.contact_ids:
            return
        contact = self.desk.contacts[agent.contact_ids[0]]
        self.tell(
            f.ContactResolved(
                contact_id=contact.contact_id,
                agent_id=contact.owner_id,
                epoch=contact.epoch,
                outcome=f.Outcome.RESOLVED,
            )
        )
        for offer_id in self.desk.agents[contact.owner_id].offer_ids:
            self._answer(offer_id, contact.owner_id)
        self.arrive()

    def fire_timers(self) -> None:
        while (timer := self.timers.due(self.state, self.now_ms)) is not None:
            record = decide_timer(
                self.state,
                timer,
                now_ms=self.now_ms,
                decision_id=1_000_000_000 + self.state.count,
                owner="bench",
            )
            self._fold(record)
            self.timers.note(self.state, record)
            for event in record.events:
                if isinstance(event, Offered):
                    self._answer(event.offer_id, event.agent_id)

    def settle(self, count: int) -> None:
        """So many contacts are settled, at the pace of these agents."""
        for _ in range(count):
            self.now_ms += max(1, HANDLE_SECONDS * 1000 // self.agents)
            self.one_settled()
            self.fire_timers()

    def _answer(self, offer_id: str, agent_id: str) -> None:
        self.tell(f.OfferAnswered(offer_id=offer_id, agent_id=agent_id, answer=f.OfferAnswer.ACCEPT))


@dataclass(frozen=True)
class Measured:
    """One size."""

    agents: int
    waiting: int
    classes: int
    arrival_us: list[float]
    """Weighed: who may take it, scores, the least of them, the hold test."""
    freed_us: list[float]
    """The same for an agent: heads of classes, values, the hold test."""
    arrival_told_us: list[float]
    """Weighed and explained."""
    freed_told_us: list[float]
    fact_us: list[float]
    by_kind_us: dict[str, list[float]]
    scan_us: list[float]
    argmin_us: list[float]
    codec_us: list[float]
    memory_mb: float
    """Of the process at this size, smaller ones beside it."""


def measure(agents: int, waiting: int) -> Measured:
    """Everything of one size, references included."""
    thresholds = gc.get_threshold()
    kernels.take_large_pages()  # as the router's process does, and this
    calm_collector()
    bench = _begun(agents, waiting).go_on()
    bench.settle(SETTLED // 4)
    calm_collector()
    _progress(f"{bench.arrived:,} arrived; {SETTLED:,} settle")
    bench.measured = True
    bench.settle(SETTLED)
    _progress(f"{SCORED:,} arrivals and freed agents are weighed")
    every = [value for values in bench.taken_us.values() for value in values]
    memory_mb = resident_mb()
    desk = _some_idle(bench.desk, bench.rng)
    ids = _sample_ids(bench)
    arrivals = [_arrived(bench, ids) for _ in range(SCORED)]
    arrival = _each_us(arrivals, lambda contact: search(desk, contact, bench.now_ms))
    arrival_told = _each_us(arrivals, lambda contact: seek(desk, contact, bench.now_ms))
    names = [_name(bench.rng.randrange(agents)) for _ in range(SCORED)]

    def freed_us(weigh: Callable[..., object]) -> list[float]:
        desks = ((_freed(bench.desk, name), name) for name in names)  # one by one: each copies columns
        return _each_us(desks, lambda one: _pick(one[0], one[1], bench.now_ms, weigh))

    freed, freed_told = freed_us(compare), freed_us(reconsider)
    costs = {name: bench.rng.random() for name in desk.agents}
    column = np.array(list(costs.values()))
    gc.unfreeze()
    gc.set_threshold(*thresholds)
    return Measured(
        agents,
        sum(1 for lane in bench.desk.waiting.values() for _ in entries(lane)),
        len(bench.desk.waiting),
        arrival,
        freed,
        arrival_told,
        freed_told,
        every,
        dict(bench.taken_us),
        _each_us(names[:50], lambda _: min(desk.agents, key=lambda agent_id: costs[agent_id])),
        _each_us(names[:500], lambda _: int(column.argmin())),
        _each_us(list(bench.records)[:1_000], lambda record: decode_decision(encode_decision(record))),
        memory_mb,
    )


@dataclass(frozen=True)
class Begun:
    """A partition as it stands once everybody is at work and so many wait; every run goes on from it."""

    state: PartitionState
    now_ms: int
    offset: int
    arrived: int
    rng: object

    def go_on(self) -> Bench:
        """A bench of its own."""
        rng = random.Random()
        rng.setstate(self.rng)  # type: ignore[arg-type] # what getstate gave
        agents = len(self.state.desks[DESK].agents)
        bench = Bench(agents, rng, self.state, now_ms=self.now_ms, offset=self.offset, arrived=self.arrived)
        bench.timers.rebuild(self.state)
        return bench


@cache
def _begun(agents: int, waiting: int) -> Begun:
    """By the very decisions that production would take; once a process, for the largest takes half a minute."""
    _progress(f"{agents:,} agents sign in, until {waiting:,} contacts wait")
    bench = Bench(agents, random.Random(1))
    bench.begin(waiting)
    rng = bench.rng.getstate()
    return Begun(bench.state, bench.now_ms, bench.offset, bench.arrived, rng)


def resident_mb() -> float:
    """Memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


async def run(_: str) -> list[Figure]:
    """A small desk as the simulator drives it, the largest one, and how the figures grow in between."""
    figures = []
    sizes = {size: measure(*size) for size in ((120, 100), SIZES[0], SIZES[2], SIZES[-1])}
    for agents, waiting in ((120, 100), SIZES[-1]):
        one, name = sizes[agents, waiting], f"{agents:,} x {waiting:,}"
        figures += [
            Figure(f"{name}: arrival weighed, p50", percentile(one.arrival_us, 0.5), "us"),
            Figure(f"{name}: arrival weighed, p99", percentile(one.arrival_us, 0.99), "us"),
            Figure(f"{name}: freed agent weighed, p50", percentile(one.freed_us, 0.5), "us"),
            Figure(f"{name}: freed agent weighed, p99", percentile(one.freed_us, 0.99), "us"),
            Figure(f"{name}: arrival weighed and explained, p50", percentile(one.arrival_told_us, 0.5), "us"),
            Figure(
                f"{name}: freed agent weighed and explained, p50", percentile(one.freed_told_us, 0.5), "us"
            ),
            Figure(f"{name}: decide + evolve of a fact, p50", percentile(one.fact_us, 0.5), "us"),
            Figure(f"{name}: decide + evolve of a fact, p99", percentile(one.fact_us, 0.99), "us"),
            Figure(f"{name}: arrivals weighed in a second", 1e6 / _mean(one.arrival_us), "a second"),
            Figure(f"{name}: freed agents weighed in a second", 1e6 / _mean(one.freed_us), "a second"),
            Figure(f"{name}: arrival / plain scan", _ratio(one.arrival_us, one.scan_us), "ratio"),
            Figure(f"{name}: arrival / bare argmin", _ratio(one.arrival_us, one.argmin_us), "ratio"),
            Figure(f"{name}: fact / codec round trip", _ratio(one.fact_us, one.codec_us), "ratio"),
            Figure(f"{name}: memory of the process", one.memory_mb, "MB"),
        ]
    few, many, most = sizes[SIZES[0]], sizes[SIZES[2]], sizes[SIZES[-1]]
    sys.stdout.write(_plots(list(sizes.values())))
    return [
        *figures,
        Figure("arrival, 100 times the agents", _ratio(many.arrival_us, few.arrival_us), "times as long"),
        Figure("freed agent, 100 times the waiting", _ratio(most.freed_us, many.freed_us), "times as long"),
    ]


def main(arguments: list[str]) -> int:
    """Prints the table of all sizes, or of those named as AGENTSxWAITING, and how the medians grow."""
    found = []
    for agents, waiting in [_size(one) for one in arguments] or SIZES:
        one = measure(agents, waiting)
        sys.stdout.write(
            f"\n{agents:,} agents, {one.waiting:,} waiting in {one.classes:,} classes, "
            f"{one.memory_mb:,.0f} MB\n"
        )
        _row("arrival weighed", one.arrival_us)
        _row("  and explained", one.arrival_told_us)
        _row("freed agent weighed", one.freed_us)
        _row("  and explained", one.freed_told_us)
        _second(one)
        _row("decide + evolve, every fact", one.fact_us)
        for name in sorted(one.by_kind_us):
            _row(f"  {name}", one.by_kind_us[name])
        _row("reference: plain Python scan", one.scan_us)
        _row("reference: bare argmin", one.argmin_us)
        _row("reference: codec round trip", one.codec_us)
        found.append(one)
    sys.stdout.write(_plots(found))
    return 0


def _size(text: str) -> tuple[int, int]:
    """Raises SystemExit with what is wrong."""
    agents, _, waiting = text.partition("x")
    if not (agents.isdecimal() and waiting.isdecimal() and int(agents) and int(waiting)):
        sys.exit(f"router_core: {text!r} is no size; write agents x waiting, for example 10000x100000")
    return int(agents), int(waiting)


def _second(one: Measured) -> None:
    arrivals, freed = 1e6 / _mean(one.arrival_us), 1e6 / _mean(one.freed_us)
    sys.stdout.write(f"in a second: {arrivals:,.0f} arrivals or {freed:,.0f} freed agents weighed\n")


def _plots(found: list[Measured]) -> str:
    """How the medians grow from size to size; agents x contacts that wait."""
    kinds: tuple[tuple[str, Callable[[Measured], list[float]]], ...] = (
        ("arrival weighed", lambda one: one.arrival_us),
        ("freed agent weighed", lambda one: one.freed_us),
        ("decide + evolve of a fact", lambda one: one.fact_us),
        ("plain scan of all agents", lambda one: one.scan_us),
    )
    text = ""
    for name, taken_us in kinds:
        rows = [(f"{one.agents:,} x {one.waiting:,}", percentile(taken_us(one), 0.5)) for one in found]
        text += "\n" + plot(f"{name}, p50", rows)
    return text + "\n"


def _progress(said: str) -> None:
    sys.stderr.write(f"  router, {time.process_time():5.0f} s CPU: {said}\n")
    sys.stderr.flush()


def _arrived(bench: Bench, ids: list[str]) -> Contact:
    """A contact as it stands between its arrival and its place."""
    base = bench.desk.contacts[bench.rng.choice(ids)]
    return changed(base, lane=None, owner_id="", queued_at_ms=bench.now_ms)


def _sample_ids(bench: Bench) -> list[str]:
    first = max(1, bench.arrived - 5_000)
    found = [f"c{number}" for number in range(first, bench.arrived + 1)]
    return [one for one in found if one in bench.desk.contacts]


def _some_idle(desk: DeskState, rng: random.Random) -> DeskState:
    """The desk with some agents idle, as it is when a contact is offered at its arrival."""
    agents = desk.agents
    for agent_id in rng.sample(sorted(agents), max(1, round(IDLE_SHARE * len(agents)))):
        agents = agents.set(agent_id, changed(agents[agent_id], used_units=0, soft_units=0))
    return changed(desk, agents=agents)


def _freed(desk: DeskState, agent_id: str) -> DeskState:
    one = changed(desk.agents[agent_id], used_units=0, soft_units=0)
    return changed(desk, agents=desk.agents.set(agent_id, one))


def _pick(desk: DeskState, agent_id: str, now_ms: int, weigh: Callable[..., object]) -> None:
    pick = next_pick(desk, agent_id, now_ms)
    if pick is not None:
        weigh(desk, desk.contacts[pick.contact_id], agent_id, now_ms, may_hold=pick.may_hold)


def _each_us(values: Iterable[T], action: Callable[[T], object]) -> list[float]:
    taken = []
    for value in values:
        started = time.thread_time()
        action(value)
        taken.append((time.thread_time() - started) * 1e6)
    return taken


def _row(name: str, values: list[float]) -> None:
    half, most = percentile(values, 0.5), percentile(values, 0.99)
    sys.stdout.write(f"{name:<32} p50 {half:8.1f} us   p99 {most:8.1f} us\n")


def _ratio(values: list[float], reference: list[float]) -> float:
    return percentile(values, 0.5) / percentile(reference, 0.5)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _name(index: int) -> str:
    return f"A{index:05}"


def _desk(count: int, rng: random.Random) -> Desk:
    agents = []
    for index in range(count):
        limit = LIMITS[index % len(LIMITS)]
        grants = (Grant(decision_type="refund", limit_minor=limit, currency="EUR"),) if limit else ()
        agents.append(
            Agent(
                agent_id=_name(index),
                topic_ids=tuple(rng.sample(TOPICS, 3)),
                languages=("en", LANGUAGES[1 + index % 3]),
                grants=grants,
                capacity_units=100,
                speed_factor=round(rng.uniform(0.7, 1.4), 3),
            )
        )
    return Desk(
        desk_id=DESK,
        topics=tuple(
            Topic(
                topic_id=name,
                resolution_prior=0.7,
                handle_seconds=HANDLE_SECONDS,
                level_priors=(0.7, 0.2, 0.1),
                decision_type="refund",
            )
            for name in TOPICS
        ),
        queues=(Queue(queue_id="calls", channels=("phone",)), Queue(queue_id="rest")),
        authority=(AuthorityRule(decision_type="refund", currency="EUR", limits_minor=LIMITS),),
        agents=tuple(agents),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
