"""Agents link the customers of two contacts, and take it back, over gRPC."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import grpc
import pytest

from frontdesk.v1 import decisions_pb2, facts_pb2, router_pb2
from tests.integration.router_shell import Running, desktop, running, stack, stub, told

__all__ = ["running", "stack"]
"""Fixtures of the shell's tests."""


async def shown(running: Running, stack: AsyncExitStack, contact_id: str) -> list[router_pb2.CustomerLink]:
    contact = await stub(running, stack).GetContact(
        router_pb2.GetContactRequest(desk_id="acme", contact_id=contact_id), timeout=5
    )
    return list(contact.customer_links)


async def link(
    running: Running, stack: AsyncExitStack, one: str, other: str, command_id: str
) -> decisions_pb2.Reply:
    request = router_pb2.LinkCustomersRequest(
        desk_id="acme", agent_id="ana", command_id=command_id, contact_id=one, other_contact_id=other
    )
    response: router_pb2.CommandResponse = await stub(running, stack).LinkCustomers(request, timeout=20)
    return response.reply


async def test_an_agent_links_two_customers_and_takes_it_back(
    running: Running, stack: AsyncExitStack
) -> None:
    ana = await desktop(running, stack, "ana")
    one = await running.arrive("one")
    await ana.accept((await told(ana, "offer")).offer_id)
    other = await running.arrive("other")
    async with asyncio.timeout(30):
        while other not in running.desk().contacts:
            await asyncio.sleep(0.01)

    replies = [await link(running, stack, one, other, "l1") for _ in range(2)]

    assert replies[0].accepted and replies[0] == replies[1]
    (seen,) = await shown(running, stack, one)
    assert (seen.identity.key, seen.strength) == ("key-other", facts_pb2.LINK_STRENGTH_STRONG)
    assert seen.link_id == replies[0].subject_id
    assert "Ida" not in str(seen)

    request = router_pb2.UnlinkCustomersRequest(
        desk_id="acme", agent_id="ana", command_id="u1", link_id=seen.link_id
    )
    assert (await stub(running, stack).UnlinkCustomers(request, timeout=20)).reply.accepted
    assert await shown(running, stack, one) == []


async def test_a_contact_is_not_linked_to_itself_or_to_one_that_is_unknown(
    running: Running, stack: AsyncExitStack
) -> None:
    one = await running.arrive("one")
    ana = await desktop(running, stack, "ana")
    await told(ana, "offer")

    assert (await link(running, stack, one, one, "l1")).reason == "same_identity"
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await link(running, stack, one, "nothing", "l2")
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
