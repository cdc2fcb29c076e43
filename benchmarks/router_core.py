"""How long the router's pure core takes per fact, with 100 agents and 1,000 contacts waiting.

    python -m benchmarks.router_core            microseconds per fact, p50 and p99, by kind of fact

A bare loop that encodes and decodes the same records is measured in the same run, as the reference: ratios hold
between machines, absolutes do not (engine.md 8).
"""

from __future__ import annotations

import gc
import random
import sys
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field

from services.contract import facts as f
from services.contract.codec import decode_decision, encode_decision
from services.contract.decisions import Decision
from services.contract.desk import Agent, AuthorityRule, Desk, Grant, Queue, Topic
from services.contract.facts import Channel, CustomerRef, DecisionWanted, LanguageGuess, TopicWeight
from services.contract.topics import PARTITION_HASH
from services.router.decide import decide_fact, decide_genesis, decide_timer
from services.router.log.fold import fold
from services.router.model import PartitionState
from services.router.timers import TimerIndex

AGENTS, WAITING, FACTS, REPLAYED = 100, 1_000, 20_000, 5_000
DESK, START_MS = "bench", 1_775_548_800_000
TOPICS = ("billing", "delivery", "refund", "orders", "account", "product")
LANGUAGES = ("en", "de", "sr", "te")


@dataclass
class Bench:
    """A partition under load, its clock by hand."""

    rng: random.Random
    state: PartitionState = field(default_factory=PartitionState.empty)
    timers: TimerIndex = field(default_factory=TimerIndex)
    now_ms: int = START_MS
    offset: int = -1
    records: deque[Decision] = field(default_factory=lambda: deque(maxlen=REPLAYED))
    decide_us: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    arrived: int = 0

    def tell(self, body: object, *, measured: bool) -> Decision:
        self.offset += 1
        fact = f.Fact(
            fact_id=f"fact-{self.offset}",
            desk_id=DESK,
            received_at_ms=self.now_ms,
            body=body,  # type: ignore[arg-type] # one of the bodies
        )
        started = time.perf_counter()
        record = decide_fact(
            self.state,
            fact,
            offset=self.offset,
            now_ms=self.now_ms,
            decision_id=self.offset + 2,
            owner="bench",
        )
        self._fold(record)
        folded = time.perf_counter()
        if measured:
            self.decide_us[type(body).__name__].append((folded - started) * 1e6)
        return record

    def _fold(self, record: Decision) -> None:
        folded = fold(self.state, record)
        assert folded.accepted
        self.state = folded.state
        self.timers.note(self.state, record)
        self.records.append(record)

    def begin(self) -> None:
        self._fold(
            decide_genesis(
                generation=1,
                partitions=1,
                partition_hash=PARTITION_HASH,
                first_fact_offset=0,
                now_ms=self.now_ms,
                decision_id=1,
                owner="bench",
            )
        )
        self.tell(f.DeskConfigured(desk=_desk(self.rng)), measured=False)
        for index in range(AGENTS):
            self.tell(f.AgentSignedIn(agent_id=f"A{index:03}"), measured=False)
        while self.waiting() < WAITING:
            self.arrive(measured=False)
            for offer in sorted(self.state.desks[DESK].offers.values(), key=lambda one: one.offer_id):
                self._answer(offer.offer_id, offer.agent_id, measured=False)

    def waiting(self) -> int:
        return sum(len(lane) for lane in self.state.desks[DESK].waiting.values())

    def arrive(self, *, measured: bool) -> None:
        self.arrived += 1
        rng = self.rng
        channel, medium = rng.choice(
            ((Channel.PHONE, "voice"), (Channel.EMAIL, "email"), (Channel.SOCIAL, "messenger"))
        )
        first, second = rng.sample(TOPICS, 2)
        amount = rng.choice((0, 0, 2_000, 9_000, 30_000))
        wanted = DecisionWanted(decision_type="refund", amount_minor=amount, currency="EUR", stated=True)
        self.tell(
            f.ContactArrived(
                contact_id=f"c{self.arrived}",
                channel=channel,
                medium=medium,
                customer=CustomerRef(key=f"k{rng.randrange(5_000)}"),
                thread_key=f"t{self.arrived}",
                language=LanguageGuess(code=rng.choices(LANGUAGES, (6, 2, 1, 1))[0]),
                topics=(TopicWeight(topic_id=first, weight=0.8), TopicWeight(topic_id=second, weight=0.2)),
                decision_wanted=wanted if amount else None,
                complaint=rng.random() < 0.1,
            ),
            measured=measured,
        )

    def one_settled(self) -> None:
        """One agent settles a contact, gets the next offered and takes it; one contact arrives."""
        desk = self.state.desks[DESK]
        agent = desk.agents[f"A{self.rng.randrange(AGENTS):03}"]
        if not agent.contact_ids:
            return
        contact = desk.contacts[agent.contact_ids[0]]
        body = f.ContactResolved(
            contact_id=contact.contact_id,
            agent_id=contact.owner_id,
            epoch=contact.epoch,
            outcome=f.Outcome.RESOLVED,
        )
        self.tell(body, measured=True)
        for offer_id in self.state.desks[DESK].agents[contact.owner_id].offer_ids:
            self._answer(offer_id, contact.owner_id, measured=True)
            self.arrive(measured=True)

    def fire_timers(self) -> None:
        while (timer := self.timers.due(self.state, self.now_ms)) is not None:
            self._fold(
                decide_timer(
                    self.state,
                    timer,
                    now_ms=self.now_ms,
                    decision_id=10_000_000 + self.state.count,
                    owner="bench",
                )
            )

    def _answer(self, offer_id: str, agent_id: str, *, measured: bool) -> None:
        self.tell(
            f.OfferAnswered(offer_id=offer_id, agent_id=agent_id, answer=f.OfferAnswer.ACCEPT),
            measured=measured,
        )


def main() -> int:
    """Prints the table."""
    bench = Bench(random.Random(1))
    bench.begin()
    gc.collect()
    gc.freeze()
    run(bench, FACTS)
    every = [value for values in bench.decide_us.values() for value in values]
    reference = _codec_us(list(bench.records))
    start = bench.state
    decided = {name: list(values) for name, values in bench.decide_us.items()}
    bench.records.clear()
    run(bench, FACTS + REPLAYED // 2)
    replayed = _fold_us(start, list(bench.records))
    sys.stdout.write(
        f"{AGENTS} agents, {bench.waiting()} waiting in {len(bench.state.desks[DESK].waiting)} classes, "
        f"{len(every)} facts\n"
    )
    _row("decide + fold, every fact", every)
    for name in sorted(decided):
        _row(f"  {name}", decided[name])
    _row("fold alone, as read from a log", replayed)
    _row("reference: codec round trip", reference)
    sys.stdout.write(f"ratio decide + fold / codec: {_at(every, 0.5) / _at(reference, 0.5):.2f}\n")
    return 0


def run(bench: Bench, facts: int) -> None:
    """Half a second passes between one settled contact and the next."""
    while bench.offset < facts:
        bench.now_ms += 500
        bench.one_settled()
        bench.fire_timers()


def _fold_us(state: PartitionState, records: list[Decision]) -> list[float]:
    taken = []
    for record in [decode_decision(encode_decision(record)) for record in records]:
        started = time.perf_counter()
        state = fold(state, record).state
        taken.append((time.perf_counter() - started) * 1e6)
    return taken


def _codec_us(records: list[Decision]) -> list[float]:
    taken = []
    for record in records:
        started = time.perf_counter()
        decode_decision(encode_decision(record))
        taken.append((time.perf_counter() - started) * 1e6)
    return taken


def _row(name: str, values: list[float]) -> None:
    sys.stdout.write(f"{name:<32} p50 {_at(values, 0.5):8.1f} us   p99 {_at(values, 0.99):8.1f} us\n")


def _at(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _desk(rng: random.Random) -> Desk:
    agents = []
    for index in range(AGENTS):
        limit = (0, 5_000, 15_000, 50_000)[index % 4]
        agents.append(
            Agent(
                agent_id=f"A{index:03}",
                topic_ids=tuple(rng.sample(TOPICS, 3)),
                languages=("en", LANGUAGES[1 + index % 3]),
                grants=(Grant(decision_type="refund", limit_minor=limit, currency="EUR"),),
                capacity_units=100,
                speed_factor=1.0,
            )
        )
    return Desk(
        desk_id=DESK,
        topics=tuple(
            Topic(
                topic_id=name,
                resolution_prior=0.7,
                handle_seconds=240,
                level_priors=(0.7, 0.2, 0.1),
                decision_type="refund",
            )
            for name in TOPICS
        ),
        queues=(Queue(queue_id="calls", channels=("phone",)), Queue(queue_id="rest")),
        authority=(
            AuthorityRule(decision_type="refund", currency="EUR", limits_minor=(0, 5_000, 15_000, 50_000)),
        ),
        agents=tuple(agents),
    )


if __name__ == "__main__":
    sys.exit(main())
