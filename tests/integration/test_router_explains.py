"""What was decided about a contact, explained over real gRPC from the router's log."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import grpc
import pytest

from frontdesk.v1 import router_pb2
from services.contract.topics import partition_of
from services.router import trail
from tests.integration.router_shell import (
    DESK,
    PARTITIONS,
    Running,
    desktop,
    folded,
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
    async with asyncio.timeout(5):
        while True:
            try:
                response = await service.ExplainDecision(request, timeout=5)
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
    async with asyncio.timeout(5):
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
    response = await service.ExplainDecision(request, timeout=5)
    return list(dict.fromkeys(step.position.offset for step in response.steps))


async def decided(running: Running, contact_id: str) -> list[int]:
    """Offsets of all that was decided about a contact, read from the log."""
    every = running.router.api._explaining._trail.accepted(partition_of("acme", PARTITIONS))
    return [at async for at, record in every if contact_id in trail.concerns(record)]
