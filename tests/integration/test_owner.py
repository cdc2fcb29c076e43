"""The owner's shell: facts and timers that cannot be decided, a full pipeline, a configuration put back, a rival's record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from services.cli.parts import configure
from services.contract.codec import decode_decision, encode_decision, encode_fact
from services.contract.decisions import Decision, FactRejected
from services.contract.desk import Desk, Queue
from services.contract.facts import AgentSignedIn, ContactArrived, DeskConfigured, Fact
from services.contract.topics import DECISIONS, FACTS
from services.router import owner
from services.router.build import Router, build, topics
from services.router.decide import decide_fact, decide_timer
from services.router.log.canonical import canonical
from services.router.log.fold import fold
from services.router.model import PartitionState
from services.router.owner import PUT_ASIDE_MS
from services.router.owning.foreseen import COMPARED_EVERY
from services.router.settings import RouterSettings
from services.router.timers import Timer, deadline_of
from services.runtime.clock import ManualClock
from services.runtime.log import RECORD_BYTES_MAX
from services.runtime.sqlite_log import SqliteLog
from tests.integration.router_shell import DESK
from tests.unit.router.world import call

PENDING_MAX = 3
Body = AgentSignedIn | DeskConfigured | ContactArrived


class Shell:
    """A router on a log of one partition, running."""

    def __init__(
        self, router: Router, log: SqliteLog, clock: ManualClock, registry: CollectorRegistry
    ) -> None:
        self.router, self.log, self.clock, self.registry = router, log, clock, registry

    def fact(self, name: str, body: Body) -> bytes:
        now_ms = self.clock.now_ms()
        return encode_fact(
            Fact(
                fact_id=name,
                desk_id="acme",
                occurred_at_ms=now_ms,
                received_at_ms=now_ms,
                source="t",
                body=body,
            )
        )

    async def append(self, name: str, body: Body) -> int:
        return await self.log.append(FACTS, 0, b"acme", self.fact(name, body))

    async def decided(self, offset: int) -> None:
        async with asyncio.timeout(30):
            while self.router.tail.state(0).last_fact < offset:
                await asyncio.sleep(0.01)

    async def waits_past_deadline(self, contact_id: str, more_ms: int = 0) -> None:
        """Time passes until the contact's deadline, which is then decided: it has another, or none."""
        deadline_at_ms = self.deadline_of(contact_id)
        self.clock.advance_ms(max(0, deadline_at_ms - self.clock.now_ms()) + more_ms)
        async with asyncio.timeout(30):
            while self.deadline_of(contact_id) == deadline_at_ms:
                await asyncio.sleep(0.01)

    def deadline_of(self, contact_id: str) -> int:
        return deadline_of(self.router.tail.state(0), "acme", f"contact/{contact_id}") or 0


@pytest.fixture
async def shell(tmp_path: Path) -> AsyncIterator[Shell]:
    clock, registry = ManualClock(), CollectorRegistry()
    log = await SqliteLog.open(tmp_path / "log.db", clock=clock.now_ms)
    await log.create_topics(topics(1))
    router = build(RouterSettings("test", 1, PENDING_MAX, 100), clock=clock, log=log, registry=registry)
    running = asyncio.create_task(router.run())
    await router.ready()
    found = Shell(router, log, clock, registry)
    await found.decided(await found.append("configure", DeskConfigured(desk=DESK)))
    yield found
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await log.close()


async def test_a_fact_whose_decision_would_be_too_large_is_rejected_and_the_desk_goes_on(
    shell: Shell,
) -> None:
    room = RECORD_BYTES_MAX - len(shell.fact("huge", DeskConfigured(desk=DESK))) - 50
    huge = replace(DESK, queues=(*DESK.queues, Queue(queue_id="q" * room)))
    offset = await shell.append("huge", DeskConfigured(desk=huge))
    await shell.decided(await shell.append("after", AgentSignedIn(agent_id="ana")))
    records = [decode_decision((await shell.log.read_at(DECISIONS, 0, at)).value) for at in range(4)]
    rejected = next(record for record in records if record.fact_offset == offset)
    assert [type(event) for event in rejected.events] == [FactRejected]
    assert shell.router.tail.state(0).desks["acme"].agents["ana"].presence.label == "available"


async def test_what_was_decided_upon_a_decision_that_is_too_large_is_decided_again(shell: Shell) -> None:
    room = RECORD_BYTES_MAX - len(shell.fact("huge", DeskConfigured(desk=DESK))) - 50
    huge = replace(DESK, queues=(*DESK.queues, Queue(queue_id="q" * room)))
    bodies: list[AgentSignedIn | DeskConfigured | ContactArrived] = [
        call("before"),
        DeskConfigured(desk=huge),
        call("after"),
        AgentSignedIn(agent_id="ana"),
    ]
    offsets = await asyncio.gather(*(shell.append(f"f{at}", body) for at, body in enumerate(bodies)))
    await shell.decided(offsets[-1])
    read = [decode_decision((await shell.log.read_at(DECISIONS, 0, at)).value) for at in range(2, 6)]
    assert [record.fact_offset for record in read] == offsets
    assert [FactRejected in map(type, record.events) for record in read] == [False, True, False, False]
    assert shell.router.tail.state(0).desks["acme"].agents["ana"].offer_ids


@pytest.mark.parametrize("reason", ["decide_failed", "decision_too_large"])
async def test_a_timer_that_cannot_be_decided_is_left_alone_and_the_desk_goes_on(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    tried: list[str] = []

    def decide(state: PartitionState, timer: Timer, **more: Any) -> Decision:
        decision = decide_timer(state, timer, **more)
        if timer.timer_id != "contact/bad":
            return decision
        tried.append(timer.timer_id)
        if reason == "decide_failed":
            raise KeyError("a defect")
        return replace(decision, owner="o" * RECORD_BYTES_MAX)

    monkeypatch.setattr(owner, "decide_timer", decide)
    await shell.append("bad", call("bad"))
    await shell.decided(await shell.append("good", call("good")))
    await shell.waits_past_deadline("good")
    facts_go_on = await shell.append("after", AgentSignedIn(agent_id="ana"))
    await shell.decided(facts_go_on)
    counted = shell.registry.get_sample_value("frontdesk_router_timers_put_aside_total", {"reason": reason})
    assert (len(tried), counted) == (1, 1)

    monkeypatch.setattr(owner, "decide_timer", decide_timer)
    await shell.waits_past_deadline("bad", PUT_ASIDE_MS)


async def test_more_facts_than_fit_the_pipeline_are_all_decided(shell: Shell) -> None:
    offsets = await asyncio.gather(
        *(shell.append(f"sign-in-{i}", AgentSignedIn(agent_id="ana")) for i in range(40 * PENDING_MAX))
    )
    await shell.decided(max(offsets))
    assert (
        shell.registry.get_sample_value("frontdesk_router_records_folded_total", {"verdict": "rejected"}) == 0
    )


async def test_what_the_owner_shares_with_the_tail_is_what_the_log_alone_says(shell: Shell) -> None:
    """Its own records are not evolved again (decision 0060), so a reader of the log must come to the same bytes."""
    for at in range(2 * COMPARED_EVERY):
        await shell.decided(await shell.append(f"come-{at}", AgentSignedIn(agent_id=("ana", "bor")[at % 2])))
    state, read = shell.router.tail.state(0), PartitionState.empty()
    for at in range(state.count):
        read = fold(read, decode_decision((await shell.log.read_at(DECISIONS, 0, at)).value)).state
    assert canonical(read) == canonical(state)


async def test_a_rivals_record_makes_the_owner_decide_again_from_the_log(shell: Shell) -> None:
    """A rival that believes it owns the partition lands its record first; nothing is lost, one of the two counts."""
    before = shell.router.tail.state(0)
    body = AgentSignedIn(agent_id="ana")
    fact = Fact(
        fact_id="contested", desk_id="acme", received_at_ms=shell.clock.now_ms(), source="t", body=body
    )
    rival = decide_fact(
        before,
        fact,
        offset=before.last_fact + 1,
        now_ms=shell.clock.now_ms(),
        decision_id=4711,
        owner="rival",
        partition=0,
    )
    # the fact first: a decision of a fact that is not in the log yet would be a position beyond its end
    await asyncio.gather(
        shell.log.append(FACTS, 0, b"acme", encode_fact(fact)),
        shell.log.append(DECISIONS, 0, b"acme", encode_decision(rival)),
    )
    await shell.decided(await shell.append("after", AgentSignedIn(agent_id="bor")))
    state = shell.router.tail.state(0)
    assert state.desks["acme"].agents["bor"].presence.label == "available"
    assert state.count == before.count + 2  # one record for the contested fact, one for the fact after it


async def test_a_configuration_that_is_put_back_takes_effect_again(shell: Shell) -> None:
    other: Desk = replace(DESK, version="2")
    for wanted in (other, DESK, other, other):
        await configure(shell.router, wanted)
        assert shell.router.tail.state(0).desks["acme"].desk.version == wanted.version
