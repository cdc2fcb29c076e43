"""What a desk costs the replica that owns it and the ones that follow: CPU a record, bytes in the log and in memory.

    python -m benchmarks replica

A desk plays a morning: calls, mails and messages arrive, are offered, taken and settled. Every record goes through the
codec, as on a real log. These are the figures that benchmarks/scale.py plans with.
"""

from __future__ import annotations

import gc
import random
import time
import tracemalloc
from collections import defaultdict
from dataclasses import dataclass, field, replace

from benchmarks.measure import Figure
from benchmarks.router_core import DESK, Bench
from services.contract import facts as f
from services.contract import ids
from services.contract.codec import decode_decision, decode_fact, encode_decision, encode_fact
from services.contract.decisions import Decision, Offered
from services.contract.facts import Channel
from services.router.decide import decide_fact, decide_timer
from services.router.log.fold import fold
from services.router.model import PartitionState
from services.router.owning.foreseen import Appended, Foreseen
from services.runtime.lifecycle import calm_collector

AGENTS, CONTACTS = 1_000, 3_000
REMEMBERED_AGENTS, REMEMBERED_CONTACTS = 200, 3_000
CODEC_RECORDS = 1_000
SECRET = b"an identity key for benchmarks only"
DAY_MS = 86_400_000
REPEAT_WINDOW_DAYS = 7
"""As desks have it that do not say otherwise."""


@dataclass
class Played(Bench):
    """A partition whose owner and one follower are played side by side, each under the clock."""

    follower: PartitionState = field(default_factory=PartitionState.empty)
    tail: PartitionState = field(default_factory=PartitionState.empty)
    """The owner's own: what it folds of its records once they come back."""
    foreseen: Foreseen = field(default_factory=Foreseen)
    spent: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    facts: list[int] = field(default_factory=list)
    """Bytes of each."""
    values: list[bytes] = field(default_factory=list)
    """Records as they stand in the log."""

    def tell(self, body: object) -> Decision:
        """A fact from its bytes to the tails of its owner and of a follower."""
        self.offset += 1
        fact = f.Fact(
            fact_id=f"fact-{self.offset}",
            desk_id=DESK,
            received_at_ms=self.now_ms,
            body=body,  # type: ignore[arg-type] # one of the bodies
        )
        raw = encode_fact(fact)
        self.facts.append(len(raw))
        began = time.thread_time()
        decision = decide_fact(
            self.state,
            decode_fact(raw),
            offset=self.offset,
            now_ms=self.now_ms,
            decision_id=self.offset + 2,
            owner="bench",
        )
        self.spent["owner"] += time.thread_time() - began
        self._fold(decision)
        return decision

    def fire_timers(self) -> None:
        """What is due, each a record of its own."""
        while (timer := self.timers.due(self.state, self.now_ms)) is not None:
            began = time.thread_time()
            number = (1 << 40) + self.state.count
            decision = decide_timer(self.state, timer, now_ms=self.now_ms, decision_id=number, owner="bench")
            self.spent["owner"] += time.thread_time() - began
            self._fold(decision)
            for event in decision.events:
                if isinstance(event, Offered):
                    self._answer(event.offer_id, event.agent_id)

    def _fold(self, record: Decision) -> None:
        clock = time.thread_time
        began, before = clock(), self.state
        value = encode_decision(record)
        super()._fold(record)
        self.foreseen.append(0, Appended(value, before, record, self.state))
        self.timers.note(self.state, record)
        taken, began = clock() - began, clock()
        self.spent["owner"] += taken
        if not self.values:
            self.tail = before
        known = self.foreseen.take(0, len(self.values), value, self.tail)
        assert known is not None, "the owner's own record is another one"
        self.tail = known.after
        taken, began = clock() - began, clock()
        self.spent["own tail"] += taken
        self.follower = fold(self.follower, decode_decision(value)).state
        self.spent["follower"] += clock() - began
        self.values.append(value)

    def forget(self) -> None:
        """What was measured so far; what follows is another morning."""
        self.spent.clear()
        self.facts.clear()
        del self.values[:-1]


class Remembered(Played):
    """Its contacts have ids, and keys of customers and conversations, as intake makes them."""

    def contact(self, channel: Channel, medium: str) -> f.ContactArrived:
        """A contact with such ids."""
        one = super().contact(channel, medium)
        customer = one.customer.key if one.customer is not None else ""
        return replace(
            one,
            contact_id=ids.contact_id(medium, DESK, one.contact_id),
            customer=f.CustomerRef(key=ids.identity_key(SECRET, DESK, "user", customer)),
            thread_key=ids.thread_key(SECRET, DESK, medium, one.thread_key),
        )


async def run(_: str) -> list[Figure]:
    """CPU a fact and a record, bytes a record, bytes of what is remembered."""
    calm_collector()
    one = Played(AGENTS, random.Random(1))
    one.begin(AGENTS // 10)
    one.settle(CONTACTS // 6)
    one.forget()
    came = one.arrived
    one.settle(CONTACTS)
    facts, records, spent = len(one.facts), len(one.values), one.spent
    began = time.thread_time()
    for value in one.values[:CODEC_RECORDS]:
        encode_decision(decode_decision(value))
    codec_us = 1e6 * (time.thread_time() - began) / min(records, CODEC_RECORDS)
    return [
        Figure("owner: from a fact's bytes to its record's, a fact", 1e6 * spent["owner"] / facts, "us"),
        Figure("owner: its own record back from the log", 1e6 * spent["own tail"] / records, "us"),
        Figure("follower: decode and fold a record", 1e6 * spent["follower"] / records, "us"),
        Figure("reference: a record through the codec and back", codec_us, "us"),
        Figure("records a fact", records / facts, "records"),
        Figure("facts a contact", facts / (one.arrived - came), "facts"),
        Figure("bytes a fact", sum(one.facts) / facts, "B"),
        Figure("bytes a record", sum(map(len, one.values)) / records, "B"),
        *_remembered(),
    ]


def _remembered() -> list[Figure]:
    """What a replica that follows holds at four moments; a desk of its own, for tracing memory slows everything.

    The desk has worked for a morning before, whose customers are forgotten: what it has learned of its people and its
    kinds of work stays, grows with those, and is nothing that a contact takes.
    """
    one = Remembered(REMEMBERED_AGENTS, random.Random(2))
    one.begin(0)
    _come(one)
    _settle_all(one)
    for _ in range(REPEAT_WINDOW_DAYS + 1):
        _day_later(one)
    assert not one.desk.cases, "the first morning's customers are still remembered"
    ends = [len(one.values)]
    _come(one)
    ends.append(len(one.values))
    _settle_all(one)
    ends.append(len(one.values))
    _day_later(one)
    ends.append(len(one.values))
    held = _held(one.values, ends)
    each = [
        (after - before) / REMEMBERED_CONTACTS for before, after in zip([held[0]] * 3, held[1:], strict=True)
    ]
    return [
        Figure("memory of an open contact and its case", each[0], "B"),
        Figure("memory of a settled contact on the day after it", each[1], "B"),
        Figure("memory of a customer known, his settled case and replies, from then on", each[2], "B"),
    ]


def _come(one: Played) -> None:
    for _ in range(REMEMBERED_CONTACTS):
        one.arrived += 1
        one.tell(one.contact(Channel.SOCIAL, "messenger"))


def _day_later(one: Played) -> None:
    one.now_ms += DAY_MS + 60_000
    one.fire_timers()


def _held(values: list[bytes], ends: list[int]) -> list[int]:
    """Bytes held once so many records are folded."""
    state, at, held = PartitionState.empty(), 0, []
    tracemalloc.start()
    try:
        for end in ends:
            for value in values[at:end]:
                state = fold(state, decode_decision(value)).state
            at = end
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    return held


def _settle_all(one: Played) -> None:
    """Whoever has a contact settles it and takes the next, until nothing is open."""
    busy = True
    while busy:
        busy = False
        for agent_id in list(one.desk.agents):
            for contact_id in one.desk.agents[agent_id].contact_ids:
                contact = one.desk.contacts[contact_id]
                one.tell(
                    f.ContactResolved(
                        contact_id=contact_id,
                        agent_id=agent_id,
                        epoch=contact.epoch,
                        outcome=f.Outcome.RESOLVED,
                    )
                )
                busy = True
            for offer_id in one.desk.agents[agent_id].offer_ids:
                one._answer(offer_id, agent_id)
                busy = True
        one.now_ms += 1_000
