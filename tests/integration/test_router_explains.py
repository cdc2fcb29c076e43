"""What was decided about a contact, explained over real gRPC from the router's log."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import grpc
import pytest

from frontdesk.v1 import router_pb2
from services.contract.topics import partition_of
from services.router.trail import recent as trail
from services.router.trail import search as trail_search
from services.router.trail.search import concerns
from services.runtime.generation_log import GenerationLog
from services.runtime.log import LogUnavailable, PositionLost, Tail
from tests.integration.router_shell import (
    DESK,
    PARTITIONS,
    Running,
    desktop,
    folded,
    reason_of,
    running,
    stack,
    stub,
    told,
)

__all__ = ["running", "stack"]
"""Fixtures of the shell's tests."""


async def test_a_decision_is_explained_in_words(running: Running, stack: AsyncExitStack) -> None:
    await desktop(running, stack, "ana")
    contact_id = await running.arrive("one")
    service = stub(running, stack)
    request = router_pb2.ExplainDecisionRequest(desk_id="acme", contact_id=contact_id)
    async with asyncio.timeout(30):
        while True:
            try:
                response = await service.ExplainDecision(request, timeout=20)
            except grpc.aio.AioRpcError as error:
                assert error.code() == grpc.StatusCode.NOT_FOUND
                await asyncio.sleep(0.01)
                continue
            break
    weighed = [step for step in response.steps if step.explanation.candidates]
    assert weighed[0].explanation.candidates[0].agent_id == "ana"
    assert any("ana" in step.summary for step in response.steps)


async def test_a_contact_is_explained_from_its_arrival_though_it_was_forgotten_in_between(
    running: Running, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "CONTACTS_MAX", 1)
    service = stub(running, stack)
    for count, name in enumerate(("one", "two"), 1):
        await running.arrive(name)
        await folded(running, count)
    ana = await desktop(running, stack, "ana")
    await ana.accept((await told(ana, "offer")).offer_id)
    for contact_id in ("contact-one", "contact-two"):
        assert await explained_offsets(service, "acme", contact_id) == await decided(running, contact_id)


async def test_a_contact_with_very_many_decisions_is_explained_from_the_log(
    running: Running, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "OFFSETS_PER_CONTACT_MAX", 1)
    ana = await desktop(running, stack, "ana")
    contact_id = await running.arrive("one")
    await ana.accept((await told(ana, "offer")).offer_id)
    found = await explained_offsets(stub(running, stack), "acme", contact_id)
    assert found == await decided(running, contact_id)
    assert running.router.api._explaining._trail._contacts["acme", contact_id] is None


async def test_desks_that_share_a_partition_do_not_explain_each_others_contacts(
    running: Running, stack: AsyncExitStack
) -> None:
    partition = partition_of("acme", PARTITIONS)
    other = next(name for name in map(str, range(100)) if partition_of(name, PARTITIONS) == partition)
    await running.router.api.configure("c1", replace(DESK, desk_id=other), timeout_seconds=5)
    contact_id = await running.arrive("one")
    assert await running.arrive("one", desk_id=other) == contact_id
    async with asyncio.timeout(30):
        while contact_id not in running.desk(other).contacts:
            await asyncio.sleep(0.01)
    service = stub(running, stack)
    here = await explained_offsets(service, "acme", contact_id)
    there = await explained_offsets(service, other, contact_id)
    assert here
    assert there
    assert not set(here) & set(there)


async def explained_offsets(service: Any, desk_id: str, contact_id: str) -> list[int]:
    request = router_pb2.ExplainDecisionRequest(desk_id=desk_id, contact_id=contact_id)
    response = await service.ExplainDecision(request, timeout=20)
    return list(dict.fromkeys(step.position.offset for step in response.steps))


async def decided(running: Running, contact_id: str) -> list[int]:
    """Offsets of all that was decided about a contact, read from the log."""
    every = running.router.api._explaining._trail.accepted(partition_of("acme", PARTITIONS))
    return [at async for at, record in every if contact_id in concerns(record)]


async def test_a_question_that_would_read_too_much_of_the_log_is_refused_with_what_to_do(
    running: Running, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact_id = await running.arrive("one")
    await folded(running, 1)
    trail = running.router.api._explaining._trail
    trail._forgot = True  # as after 50,000 others
    trail._contacts.clear()
    service, told_from_the_log = stub(running, stack), await decided(running, contact_id)
    monkeypatch.setattr(trail_search, "RECORDS_MAX", 1)

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await explained_offsets(service, "acme", contact_id)
    assert reason_of(refused.value) == (grpc.StatusCode.FAILED_PRECONDITION, "TOO_FAR_BACK")
    assert "frontdesk explain" in (refused.value.details() or "")

    monkeypatch.setattr(trail_search, "RECORDS_MAX", 1_000)
    assert await explained_offsets(service, "acme", contact_id) == told_from_the_log != []


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (None, (grpc.StatusCode.DEADLINE_EXCEEDED, "LOG_TOO_LONG")),
        (LogUnavailable("away"), (grpc.StatusCode.UNAVAILABLE, "LOG_UNAVAILABLE")),
        (PositionLost("deleted"), (grpc.StatusCode.FAILED_PRECONDITION, "LOG_SHORTENED")),
    ],
    ids=["slow", "away", "shortened"],
)
async def test_a_log_that_does_not_give_the_answer_is_a_refusal_within_the_callers_deadline(
    running: Running,
    stack: AsyncExitStack,
    fault: Exception | None,
    told: tuple[grpc.StatusCode, str],
) -> None:
    contact_id = await running.arrive("one")
    await folded(running, 1)
    trail = running.router.api._explaining._trail
    trail._forgot = True
    trail._contacts.clear()

    class Away(GenerationLog):
        async def tail(self, topic: str, positions: Mapping[int, int]) -> Tail:
            if fault is not None:
                raise fault
            await asyncio.Event().wait()
            raise AssertionError

    trail._source = Away(running.log, 1)
    service, name = stub(running, stack), router_pb2.ExplainDecisionRequest
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await service.ExplainDecision(name(desk_id="acme", contact_id=contact_id), timeout=1)
    assert reason_of(refused.value) == told
