"""ListAgents: what each agent of a desk does now, page by page; and the same in a terminal."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from frontdesk.client import RouterClient
from frontdesk.v1 import facts_pb2, router_pb2
from services.cli.desk import main
from services.contract.codec import to_message
from services.router.serving import reads
from tests.conformance.places import eventually
from tests.integration.router_shell import DESK, Running, desktop, running, stack

__all__ = ["running", "stack"]  # fixtures


def told(answer: router_pb2.ListAgentsResponse) -> dict[str, tuple[str, int]]:
    """Presence and units in use, by agent."""
    return {
        one.agent_id: (facts_pb2.Presence.Name(one.presence).removeprefix("PRESENCE_"), one.used_units)
        for one in answer.agents
    }


async def test_who_never_came_is_offline_and_who_came_is_told_with_what_is_in_hand(
    running: Running, stack: AsyncExitStack, capsys: pytest.CaptureFixture[str]
) -> None:
    async with RouterClient(running.address) as router:
        assert told(await router.list_agents("acme")) == {"ana": ("OFFLINE", 0), "bor": ("OFFLINE", 0)}
        ana = await desktop(running, stack, "ana")
        (idle,) = (await router.list_agents("acme", at_work=True)).agents
        assert (idle.agent_id, idle.capacity_units) == ("ana", 100)
        assert idle.idle_since.ToMilliseconds() > 0
        assert not idle.HasField("shift_ends_at")

        contact = await running.arrive("one")
        await eventually(lambda: bool(running.desk().offers))
        (offered,) = (await router.list_agents("acme", at_work=True)).agents
        assert (list(offered.offered_contact_ids), list(offered.contact_ids)) == ([contact], [])
        assert offered.used_units == 20
        assert not offered.HasField("idle_since")

        (offer,) = running.desk().offers
        written = await ana.accept(offer)
        answer = await router.list_agents("acme", at_work=True, min_position=written.position)
        (busy,) = answer.agents
        assert (list(busy.offered_contact_ids), list(busy.contact_ids)) == ([], [contact])
        assert answer.position.offset >= written.position.offset

    capsys.readouterr()
    assert await asyncio.to_thread(main, ["agents", "acme", "--address", running.address]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.split() == ["ana", "available", "20", "of", "100", "units;", "has", contact]


@pytest.mark.parametrize(
    ("bound", "most", "pages"), [("PAGE_SIZE_MAX", 2, 3), ("PAGE_BYTES_MAX", 30, 3), ("PAGE_BYTES_MAX", 1, 5)]
)
async def test_pages_have_every_agent_once_in_order(
    running: Running,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    bound: str,
    most: int,
    pages: int,
) -> None:
    monkeypatch.setattr(reads, bound, most)
    names = [f"agent{number}" for number in range(5)]
    desk = replace(DESK, agents=tuple(replace(DESK.agents[0], agent_id=name) for name in reversed(names)))
    async with RouterClient(running.address) as router:
        written = await router.configure_desk(to_message(desk))
        found, token, count = [], "", 0
        while True:
            page = await router.list_agents("acme", page_token=token, min_position=written.position)
            assert page.total_size == 5
            found += [one.agent_id for one in page.agents]
            token, count = page.next_page_token, count + 1
            if not token:
                break
    assert (found, count) == (names, pages)

    assert await asyncio.to_thread(main, ["agents", "acme", "--address", running.address]) == 0
    assert "nobody is at work at acme" in capsys.readouterr().err
