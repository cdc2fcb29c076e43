"""Deadlines that fall due while nobody decides: on a real Kafka the next owner fires each once (engine.md 1.8).

An offer that nobody answers, the lease of a silent agent, and a promised call-back stand when their owner is killed.
Its partition is free once the session is over, 10 s later; by then all three are due.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.codec import decode_decision, encode_fact
from services.contract.desk import DeskLimits
from services.contract.topics import DECISIONS, FACTS
from services.router.build import topics
from services.router.log.fold import fold
from services.router.model import DeskState, PartitionState
from services.router.timers import CONTACT, deadline_of
from services.runtime import broker
from services.runtime.kafka_log import KafkaLog
from tests.conformance.places import eventually
from tests.integration.test_take_over import router
from tests.unit.router.world import DESK, SECOND, agent, call, desk

SECONDS_MAX = 150.0
CROWDED_MAX = 6.0
CALLED_BACK, TAKEN, OFFERED = "promised", "taken", "offered"


class Live:
    """A desk in its one partition: facts go in, and what was decided of them is folded here."""

    def __init__(self, log: KafkaLog) -> None:
        self.log, self.state = log, PartitionState.empty()
        self.fired: list[tuple[str, int, d.Decision]] = []
        """Timers with an effect, with the owner's record."""
        self._sent = 0

    @property
    def desk(self) -> DeskState:
        return self.state.desks[DESK]

    async def read(self) -> None:
        tail = await self.log.tail(DECISIONS, {0: 0})
        while True:
            for found in await tail.read(wait_ms=20):
                record = decode_decision(found.value)
                folded = fold(self.state, record)
                if folded.accepted and isinstance(record.cause, d.TimerCause) and record.events:
                    self.fired.append((record.cause.timer_id, record.cause.deadline_at_ms, record))
                self.state = folded.state

    async def tell(self, body: Any) -> None:
        """Returns once the fact is decided."""
        self._sent += 1
        fact = f.Fact(fact_id=f"f{self._sent}", desk_id=DESK, received_at_ms=now_ms(), body=body)
        offset = await self.log.append(FACTS, 0, DESK.encode(), encode_fact(fact))
        await eventually(lambda: self.state.last_fact >= offset, seconds_max=SECONDS_MAX)

    async def give(self, contact_id: str) -> None:
        """A call, taken by whom it is offered to."""
        await self.tell(call(contact_id))
        offered = self.desk.contacts[contact_id]
        answer = f.OfferAnswer.ACCEPT
        await self.tell(
            f.OfferAnswered(offer_id=offered.offer_id, agent_id=offered.offered_to_id, answer=answer)
        )
        assert self.desk.contacts[contact_id].owner_id

    def standing(self) -> dict[str, int]:
        """Timers of the three contacts, with their deadlines."""
        timers = [CONTACT + contact_id for contact_id in (CALLED_BACK, TAKEN, OFFERED)]
        found = {timer: deadline_of(self.state, DESK, timer) for timer in timers}
        return {timer: at_ms for timer, at_ms in found.items() if at_ms}


def now_ms() -> int:
    return time.time_ns() // 1_000_000


async def set_up(live: Live, crowded: float) -> None:
    """The call-back first, for it lasts longest until it is promised."""
    limits = DeskLimits(
        callback_ms=round(8 * SECOND * crowded),
        lease_ms=round(7 * SECOND * crowded),
        offer_phone_ms=round(6 * SECOND * crowded),
        consult_unfilled_ms=SECOND,
    )
    await live.tell(f.DeskConfigured(desk=desk(agent("A"), agent("B"), agent("C"), limits=limits)))
    await live.tell(f.AgentSignedIn(agent_id="A"))
    await live.give(CALLED_BACK)
    owner, epoch = live.desk.contacts[CALLED_BACK].owner_id, live.desk.contacts[CALLED_BACK].epoch
    asked = f.HelpAsked(contact_id=CALLED_BACK, agent_id=owner, epoch=epoch, kind=f.HelpKind.EXPERT)
    await live.tell(asked)
    await live.tell(f.AgentStateChanged(agent_id="A", presence=f.Presence.BREAK))
    await eventually(
        lambda: any(
            isinstance(one, d.CallbackPromised) for *_, record in live.fired for one in record.events
        ),
        seconds_max=SECONDS_MAX,
    )
    await live.tell(f.AgentSignedIn(agent_id="B"))
    await live.give(TAKEN)
    await live.tell(f.AgentSignedIn(agent_id="C"))
    await live.tell(call(OFFERED))
    assert live.desk.contacts[OFFERED].offer_id


@pytest.mark.usefixtures("kafka_bootstrap")  # skips where no broker can be started; this one has its own
@pytest.mark.slow
async def test_deadlines_that_fall_due_without_an_owner_fire_once_after_the_take_over(tmp_path: Path) -> None:
    crowded = min(CROWDED_MAX, max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)))
    node = await asyncio.to_thread(broker.start, tmp_path / "kafka", port=0)
    one, other = (router(name, node.bootstrap, tmp_path, partitions=1) for name in ("one", "other"))
    log = await KafkaLog.connect(node.bootstrap)
    live = Live(log)
    reading: asyncio.Task[None] | None = None
    try:
        await log.create_topics(topics(1))
        reading = asyncio.create_task(live.read())
        await one.start()
        await set_up(live, crowded)
        await one.kill()
        killed_ms = now_ms()
        standing = live.standing()
        assert len(standing) == 3 and killed_ms < min(standing.values())

        await other.start()
        await eventually(lambda: _fired(live, standing), seconds_max=SECONDS_MAX)
        await one.start()
        await other.stop()  # a second take-over fires none of them again
        await live.tell(f.AgentSignedIn(agent_id="A"))
    finally:
        if reading is not None:
            reading.cancel()
        await log.close()
        await asyncio.gather(one.kill(), other.kill())
        await asyncio.to_thread(node.stop)

    ours = [(timer, at_ms, record) for timer, at_ms, record in live.fired if standing.get(timer) == at_ms]
    assert {(timer, at_ms) for timer, at_ms, _ in ours} == set(standing.items())
    # A deadline met to the millisecond may have a second effect at the same one: nobody is free, so it is promised anew.
    effects = Counter((timer, *map(type, record.events)) for timer, _, record in ours)
    assert set(effects.values()) == {1}, effects
    assert {record.owner for *_, record in ours} == {"other"}
    assert all(record.decided_at_ms >= at_ms for _, at_ms, record in ours)
    told = {type(event) for *_, record in ours for event in record.events}
    assert d.OfferEnded in told


def _fired(live: Live, standing: dict[str, int]) -> bool:
    return set(standing.items()) <= {(timer, at_ms) for timer, at_ms, _ in live.fired}
