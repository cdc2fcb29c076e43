"""The router on an embedded log, over real gRPC: commands, decisions watched, what the log does to them."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import grpc
import pytest

from frontdesk.client import RouterClient
from frontdesk.v1 import facts_pb2, router_pb2
from services.contract.codec import encode_fact
from services.contract.facts import AgentSignedIn, Channel, ContactArrived, CustomerRef, Fact
from services.contract.topics import DEAD_LETTERS, FACTS, partition_of
from services.router.serving.cards import Cards
from services.router.serving.commands import Commander
from services.runtime.dead_letters import read_letter
from services.runtime.log import Log, LogError, LogUnavailable, OutcomeUnknown, PositionLost, Record
from services.runtime.rpc import Refusal
from services.runtime.sqlite_log import SqliteLog
from tests.integration.router_shell import (
    DESK,
    PARTITIONS,
    Running,
    desktop,
    folded,
    running,
    stack,
    start,
    stub,
    told,
)

__all__ = ["running", "stack"]
"""Fixtures of the shell's tests."""


async def test_a_contact_is_offered_accepted_and_resolved(running: Running, stack: AsyncExitStack) -> None:
    ana = await desktop(running, stack, "ana")
    contact_id = await running.arrive("one")
    offer = await told(ana, "offer")
    assert (offer.contact.contact_id, offer.contact.text, offer.contact.customer_name) == (
        contact_id,
        "I was charged twice.",
        "Ida",
    )
    assert offer.contact.customer == facts_pb2.CustomerRef(type="psid", value="one", name="Ida")
    assert (await ana.accept(offer.offer_id)).reply.accepted
    assigned = await told(ana, "assigned")
    assert (await ana.resolve(contact_id, assigned.epoch)).reply.accepted
    assert (await told(ana, "released")).contact_id == contact_id
    contact = await stub(running, stack).GetContact(
        router_pb2.GetContactRequest(desk_id="acme", contact_id=contact_id), timeout=5
    )
    assert contact.state == router_pb2.CONTACT_STATE_CLOSED
    assert contact.outcome == facts_pb2.OUTCOME_RESOLVED


async def test_a_card_says_where_an_answer_goes_and_of_the_newest_message(
    running: Running, stack: AsyncExitStack
) -> None:
    ana = await desktop(running, stack, "ana")
    first = ContactArrived(
        contact_id="c",
        channel=Channel.SOCIAL,
        medium="facebook_comment",
        account="page-1",
        provider_event_id="m1",
        thread_id="t",
        thread_key="k",
        customer=CustomerRef(type="psid", value="p7", name="Ida", key="secret", tier="loyal", verified=True),
        reference="A-1",
        text="Hello?",
        public=True,
        opted_out=True,
        attachment_count=2,
    )
    for number, body in enumerate((first, replace(first, provider_event_id="m2", text="Are you there?"))):
        fact = Fact(fact_id=f"f{number}", desk_id="acme", received_at_ms=1, source="meta", body=body)
        await running.log.append(FACTS, partition_of("acme", PARTITIONS), b"acme", encode_fact(fact))
        if not number:
            offer = await told(ana, "offer")
            assert offer.contact.provider_event_id == "m1"
            await ana.accept(offer.offer_id)
    await told(ana, "continued")

    async with RouterClient(running.address) as router:
        (assigned,) = (await router.get_agent("acme", "ana")).assigned
    card = assigned.contact
    assert (card.text, card.provider_event_id) == ("Are you there?", "m2")
    assert (card.account, card.thread_id, card.reference) == ("page-1", "t", "A-1")
    assert (card.public, card.opted_out, card.attachment_count) == (True, True, 2)
    whom = facts_pb2.CustomerRef(type="psid", value="p7", name="Ida", tier="loyal", verified=True)
    assert card.customer == whom  # but for the key, which decisions have


async def test_a_command_repeated_with_its_id_takes_effect_once(
    running: Running, stack: AsyncExitStack
) -> None:
    ana = await desktop(running, stack, "ana")
    await running.arrive("one")
    offer = await told(ana, "offer")
    command = router_pb2.AgentCommand(
        command_id="same",
        answer_offer=facts_pb2.OfferAnswered(offer_id=offer.offer_id, answer=facts_pb2.OFFER_ANSWER_ACCEPT),
    )
    request = router_pb2.CommandRequest(desk_id="acme", agent_id="ana", command=command)
    first = await stub(running, stack).Command(request, timeout=20)
    again = await stub(running, stack).Command(request, timeout=20)
    assert first.reply == again.reply
    assert first.reply.accepted
    assert again.position.offset > first.position.offset


async def test_an_offer_of_another_agent_cannot_be_taken(running: Running, stack: AsyncExitStack) -> None:
    ana = await desktop(running, stack, "ana")
    bor = await desktop(running, stack, "bor")
    await running.arrive("one")
    done, pending = await asyncio.wait(
        {asyncio.ensure_future(told(one, "offer")) for one in (ana, bor)}, return_when=asyncio.FIRST_COMPLETED
    )
    for task in pending:
        task.cancel()
    offer = next(iter(done)).result()
    contact = await stub(running, stack).GetContact(
        router_pb2.GetContactRequest(desk_id="acme", contact_id=offer.contact.contact_id), timeout=5
    )
    other = bor if contact.offered_to_id == "ana" else ana
    reply = (await other.accept(offer.offer_id)).reply
    assert not reply.accepted
    assert reply.reason


async def test_decisions_are_not_watched_from_another_partition(
    running: Running, stack: AsyncExitStack
) -> None:
    request = router_pb2.WatchDecisionsRequest(desk_id="acme")
    request.resume_after.partition = 1 - partition_of("acme", PARTITIONS)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await stub(running, stack).WatchDecisions(request).read()
    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT


async def test_commands_sent_at_the_same_time_are_all_answered(
    running: Running, stack: AsyncExitStack
) -> None:
    ana = await desktop(running, stack, "ana")
    async with asyncio.timeout(30):
        answers = await asyncio.gather(*(ana.send(sign_in=facts_pb2.AgentSignedIn()) for _ in range(50)))
    assert [answer.reply.accepted for answer in answers] == [True] * 50
    assert ana.reconnects == 0


async def test_a_router_started_again_knows_everything(
    running: Running, stack: AsyncExitStack, tmp_path: Path
) -> None:
    ana = await desktop(running, stack, "ana")
    contact_id = await running.arrive("one")
    await ana.accept((await told(ana, "offer")).offer_id)
    async with AsyncExitStack() as second:
        log = await SqliteLog.open(tmp_path / "log.db", clock=running.clock.now_ms)
        second.push_async_callback(log.close)
        again = await start(log, running.clock, second)
        contact = await stub(again, second).GetContact(
            router_pb2.GetContactRequest(desk_id="acme", contact_id=contact_id), timeout=5
        )
        assert (contact.owner_id, contact.state) == ("ana", router_pb2.CONTACT_STATE_ASSIGNED)


async def test_an_offer_that_nobody_answers_goes_to_the_next_agent(
    running: Running, stack: AsyncExitStack
) -> None:
    ana = await desktop(running, stack, "ana")
    await running.arrive("one")
    first = await told(ana, "offer")
    bor = await desktop(running, stack, "bor")
    running.clock.advance_ms(61_000)
    assert (await told(ana, "offer_ended")).offer_id == first.offer_id
    assert (await told(bor, "offer")).contact.contact_id == "contact-one"


async def test_waiting_contacts_are_listed_oldest_first_in_pages(
    running: Running, stack: AsyncExitStack
) -> None:
    for name in ("one", "two", "three"):
        await running.arrive(name)
        running.clock.advance_ms(1_000)
    service = stub(running, stack)
    async with asyncio.timeout(30):
        while (
            page := await service.ListWaiting(
                router_pb2.ListWaitingRequest(desk_id="acme", page_size=2), timeout=5
            )
        ).total_size < 3:
            await asyncio.sleep(0.01)
    assert [contact.contact_id for contact in page.contacts] == ["contact-one", "contact-two"]
    rest = await service.ListWaiting(
        router_pb2.ListWaitingRequest(desk_id="acme", page_size=2, page_token=page.next_page_token), timeout=5
    )
    assert [contact.contact_id for contact in rest.contacts] == ["contact-three"]
    assert not rest.next_page_token


async def test_what_cannot_be_read_becomes_a_dead_letter_and_the_desk_goes_on(
    running: Running, stack: AsyncExitStack
) -> None:
    partition = partition_of("acme", PARTITIONS)
    offset = await running.log.append(FACTS, partition, b"acme", b"\xff no fact")
    ana = await desktop(running, stack, "ana")
    await running.arrive("after")
    assert (await told(ana, "offer")).contact.contact_id == "contact-after"
    tail = await running.log.tail(DEAD_LETTERS, dict.fromkeys(range(PARTITIONS), 0))
    async with asyncio.timeout(30):
        letters: list[Any] = []
        while not letters:
            letters = await tail.read()
    await tail.close()
    letter = read_letter(letters[0].value)
    assert (letter.source, letter.reason) == (f"{FACTS}/{partition}/{offset}", "undecodable")


async def test_commands_of_agents_and_configurations_never_share_an_id(
    running: Running, stack: AsyncExitStack
) -> None:
    agents = (*DESK.agents, *(replace(DESK.agents[0], agent_id=name) for name in ("ana/x", "configure")))
    await running.router.api.configure("c2", replace(DESK, version="2", agents=agents), timeout_seconds=5)
    service = stub(running, stack)
    for agent_id, command_id in (("ana", "x/1"), ("ana/x", "1"), ("configure", "c2")):
        command = router_pb2.AgentCommand(command_id=command_id, sign_in=facts_pb2.AgentSignedIn())
        request = router_pb2.CommandRequest(desk_id="acme", agent_id=agent_id, command=command)
        reply = (await service.Command(request, timeout=20)).reply
        assert (reply.accepted, reply.subject_id) == (True, agent_id)


class Away:
    """A log whose next reads by position fail with the errors given."""

    def __init__(self, log: Log, *errors: LogError) -> None:
        self._log, self._errors = log, list(errors)

    async def read_along(self, topic: str, partition: int, offset: int) -> list[Record]:
        if self._errors:
            raise self._errors.pop(0)
        return await self._log.read_along(topic, partition, offset)


@pytest.mark.parametrize(
    ("error", "later"),
    [(LogUnavailable("away"), "I was charged twice."), (PositionLost("expired"), "")],
    ids=["unavailable", "expired"],
)
async def test_words_are_given_up_only_when_their_fact_is_gone(
    running: Running, error: LogError, later: str
) -> None:
    contact_id = await running.arrive("one")
    await folded(running, 1)
    cards = Cards(cast(Log, Away(running.log, error)))
    contact = running.desk().contacts[contact_id]
    partition = partition_of("acme", PARTITIONS)
    assert [(await cards.card(partition, contact)).text for _ in range(2)] == ["", later]


class Unsure:
    """An appender that never knows what became of a record; it writes when told to."""

    def __init__(self, log: Log, *, writes: bool) -> None:
        self._log, self._writes = log, writes

    async def _write(self, topic: str, partition: int, key: bytes, value: bytes) -> int:
        if self._writes:
            await self._log.append(topic, partition, key, value)
        raise OutcomeUnknown("no answer")

    def append(self, topic: str, partition: int, key: bytes, value: bytes) -> asyncio.Future[int]:
        return asyncio.ensure_future(self._write(topic, partition, key, value))

    async def close(self) -> None: ...


async def test_a_command_that_may_be_written_waits_for_its_decision(running: Running) -> None:
    def commander(*, writes: bool) -> Commander:
        appender = Unsure(running.log, writes=writes)
        return Commander(appender, running.router.tail, running.clock, waiting_max=10)

    sign_in = AgentSignedIn(agent_id="ana")
    answer = await commander(writes=True).send("acme", "1", sign_in, timeout_seconds=5)
    assert answer.reply.accepted
    with pytest.raises(Refusal) as raised:
        await commander(writes=False).send("acme", "2", sign_in, timeout_seconds=0.05)
    assert raised.value.reason == "OUTCOME_UNKNOWN"


async def test_watchers_see_every_accepted_decision_once_across_a_break(
    running: Running, stack: AsyncExitStack
) -> None:
    service = stub(running, stack)
    seen: list[int] = []
    request = router_pb2.WatchDecisionsRequest(desk_id="acme")
    request.resume_after.partition = partition_of("acme", PARTITIONS)
    for name in ("one", "two"):
        await running.arrive(name)
        async with asyncio.timeout(30):
            async for response in service.WatchDecisions(request):
                seen.append(response.position.offset)
                request.resume_after.CopyFrom(response.position)
                if response.decision.fact_id == f"fact-{name}":
                    break
    assert seen == sorted(set(seen))
    assert len(seen) >= 3  # the configuration and two contacts
