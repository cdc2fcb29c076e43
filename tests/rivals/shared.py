"""What the readers of one history share, so that it costs a fraction: fold is pure, so each record is folded once.

Also the log of a desk at work, with which most histories begin.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from unittest.mock import patch

import structlog

from services.contract import facts as f
from services.contract.codec import decode_decision, decode_fact, encode_decision, encode_fact
from services.contract.decisions import Decision
from services.router.log.fold import Folded, fold
from services.router.model import PartitionState
from tests.properties.adversary import AGENTS, BUSY, big_desk
from tests.unit.router.world import DESK, World

MORNINGS, ACTIONS = 16, 24
EMPTY = PartitionState.empty()


@dataclass
class Memo:
    """Folds each record once for all who read it: fold is pure, and a replay at the end goes without this."""

    folded: dict[tuple[int, bytes], tuple[PartitionState, Folded]] = field(default_factory=dict)
    decoded: dict[bytes, Decision] = field(default_factory=dict)
    bytes_of: dict[int, bytes] = field(default_factory=dict)
    facts: dict[bytes, f.Fact] = field(default_factory=dict)

    def adopt(self, other: Memo) -> None:
        """Knows what the other does; the records are the same objects, so their ids are too."""
        self.folded.update(other.folded)
        self.decoded.update(other.decoded)
        self.bytes_of.update(other.bytes_of)

    def decode_fact(self, value: bytes) -> f.Fact:
        found = self.facts.get(value)
        if found is None:
            found = self.facts[value] = decode_fact(value)
        return found

    def decode(self, value: bytes) -> Decision:
        found = self.decoded.get(value)
        if found is None:
            found = self.decoded[value] = decode_decision(value)
            self.bytes_of[id(found)] = value
        return found

    def fold(self, state: PartitionState, record: Decision) -> Folded:
        name = (id(state), self.bytes_of[id(record)])
        found = self.folded.get(name)
        if found is None:
            found = self.folded[name] = (state, fold(state, record))  # the state is kept, so that its id is
        return found[1]


@dataclass(frozen=True)
class Morning:
    """The log of a desk that is at work, and what every reader makes of it."""

    facts: list[bytes]
    decisions: list[bytes]
    now_ms: int
    memo: Memo


@cache
def morning(variant: int) -> Morning:
    """A desk as it is after some busy minutes, with offers, consults and promises open."""
    rng, world, facts = random.Random(variant), World(), list[bytes]()

    def tell(body: Any, *, fact_id: str | None = None, desk_id: str = DESK, **named: Any) -> Any:
        name = fact_id or f"early-{len(facts)}"
        at_ms = named.get("received_ms") or world.now_ms
        fact = f.Fact(fact_id=name, desk_id=desk_id, received_at_ms=at_ms, body=body)
        facts.append(encode_fact(fact))
        return World.tell(world, body, fact_id=name, desk_id=desk_id, received_ms=at_ms)

    world.tell = tell  # type: ignore[method-assign] # keeps the facts too
    world.tell(f.DeskConfigured(desk=big_desk()))
    world.sign_in(*AGENTS)
    for _ in range(ACTIONS):
        rng.choice(BUSY)(world, rng.randrange(8), rng.randrange(8))
    memo, state, decisions = Memo(), EMPTY, [encode_decision(record) for record in world.records]
    for value in decisions:
        state = memo.fold(state, memo.decode(value)).state
    return Morning(facts, decisions, world.now_ms, memo)


@contextmanager
def shared_fold(*, any_offset: bool = False) -> Iterator[Memo]:
    """The tails of one history share what each of them would fold alike, and are quiet about it."""
    memo = Memo()
    before = structlog.get_config()
    with ExitStack() as stack:
        stack.callback(structlog.configure, **before)
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
        stack.enter_context(patch("services.router.tail.fold", memo.fold))
        stack.enter_context(patch("services.router.tail.decode_decision", memo.decode))
        stack.enter_context(patch("services.router.owning.making.decode_fact", memo.decode_fact))
        stack.enter_context(patch.object(PartitionState, "empty", lambda: EMPTY))
        if any_offset:
            stack.enter_context(patch("services.contract.chain.Chain.accepts", _any_offset))
        yield memo


def _any_offset(chain: Any, record: Decision) -> bool:
    """The fence without the density of facts: for one of the mutants."""
    return bool(record.prev_id == chain.head) and bool(chain.started) == (
        type(record.cause).__name__ != "GenesisCause"
    )
