"""Simulated agents: they answer offers, work, ask for help and record results, over the real gRPC session.

An agent knows the truth of a contact only once it talks to the customer, as people do: a wrong topic, or a
refund beyond its grants, shows after a part of the work.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import structlog

from frontdesk.client import AgentDesktop, ClientError, RouterClient
from frontdesk.v1 import decisions_pb2, facts_pb2, router_pb2
from services.cli.demo.stories import Truth
from services.cli.demo.truth import Ledger
from services.contract.desk import Agent
from services.runtime.clock import Clock

ACCEPT_MS = 3_000
ADVISE_MS = 40_000
WRAP_UP_MS = 15_000
FIRST_PART = 0.3
"""Part of the work after which the agent sees what the issue really is."""
RETRY_SECONDS = 90.0
"""How long an agent goes on trying to reach a router."""

log = structlog.get_logger()


@dataclass
class _Contact:
    """A contact in this agent's hands; events wake the work on it."""

    card: router_pb2.ContactCard
    epoch: int
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    help_result: asyncio.Future[int] | None = None
    approved: bool = False


class SimulatedAgent:
    """One agent for the whole morning; `run` until cancelled."""

    def __init__(self, profile: Agent, address: str, desk_id: str, clock: Clock, ledger: Ledger) -> None:
        self.profile, self._clock, self._ledger = profile, clock, ledger
        self._address, self._desk_id = address, desk_id
        self._hands: dict[str, _Contact] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._desktop: AgentDesktop | None = None

    @property
    def desktop(self) -> AgentDesktop:
        if self._desktop is None:
            raise RuntimeError(f"{self.profile.agent_id} is not at work")
        return self._desktop

    async def run(self, starts_at_ms: int) -> None:
        """Signs in when its shift starts and works until cancelled; raises what its work raised."""
        await self._clock.sleep_ms(starts_at_ms - self._clock.now_ms())
        async with AgentDesktop(
            self._address, self._desk_id, self.profile.agent_id, retry_seconds=RETRY_SECONDS
        ) as desktop:
            self._desktop = desktop
            await desktop.send(sign_in=facts_pb2.AgentSignedIn())
            try:
                async for notice in desktop.notices():
                    self._on_notice(notice)
                    for task in [task for task in self._tasks if task.done()]:
                        self._tasks.discard(task)
                        task.result()
            finally:
                for task in self._tasks:
                    task.cancel()

    def _start(self, work: object) -> None:
        self._tasks.add(asyncio.ensure_future(work))  # type: ignore[call-overload] # a coroutine

    def _on_notice(self, notice: router_pb2.AgentSessionResponse) -> None:
        match notice.WhichOneof("message"):
            case "offer":
                self._start(self._accept(notice.offer.offer_id))
            case "assigned":
                self._on_assigned(notice.assigned)
            case "help":
                self._start(self._advise(notice.help))
            case "help_ended":
                self._on_help_ended(notice.help_ended)
            case "released":
                self._on_released(notice.released)
            case "presence" if notice.presence.presence == facts_pb2.PRESENCE_NOT_READY:
                self._start(self._ready_again())

    # --- what the agent does ---------------------------------------------------------------------------------

    async def _accept(self, offer_id: str) -> None:
        await self._clock.sleep_ms(ACCEPT_MS)
        await self.desktop.accept(offer_id)

    async def _ready_again(self) -> None:
        await self._clock.sleep_ms(20_000)
        await self.desktop.send(set_presence=facts_pb2.AgentStateChanged(presence="PRESENCE_AVAILABLE"))

    async def _advise(self, notice: router_pb2.HelpNotice) -> None:
        """Approves what its own grants cover, advises otherwise."""
        await self._clock.sleep_ms(ADVISE_MS)
        if notice.kind == facts_pb2.HELP_KIND_APPROVAL:
            wanted = notice.decision_wanted
            granted = self._may_grant(wanted.decision_type, wanted.amount_minor, wanted.currency)
            result = "HELP_RESULT_GRANTED" if granted else "HELP_RESULT_REFUSED"
        else:
            result = "HELP_RESULT_ADVICE"
        await self.desktop.send(answer_help=facts_pb2.HelpAnswered(help_id=notice.help_id, result=result))

    async def _work(self, contact: _Contact, truth: Truth) -> None:
        """Serves the customer; ends when the contact is closed or in other hands."""
        await self._pause(contact, truth.work_seconds * FIRST_PART)
        if contact.gone.is_set():
            return
        if truth.topic not in self.profile.topic_ids and await self._pass_on(
            contact, "TRANSFER_REASON_WRONG_TOPIC", topic_id=truth.topic
        ):
            return
        if truth.decision and not self._may_grant(truth.decision, truth.amount_minor, truth.currency):
            await self._get_authority(contact, truth)
            if contact.gone.is_set():
                return
        await self._pause(contact, truth.work_seconds * (1 - FIRST_PART))
        if not contact.gone.is_set():
            await self._finish(contact, truth)

    async def _get_authority(self, contact: _Contact, truth: Truth) -> None:
        """Asks for a transfer where the customer insists, else for an approval; keeps trying while it is owner."""
        if truth.wants_manager and await self._pass_on(
            contact, "TRANSFER_REASON_CUSTOMER_WANTS_MANAGER", decision_wanted=_wanted(truth)
        ):
            return
        for _ in range(5):
            if contact.approved or contact.gone.is_set():
                return
            if contact.help_result is None:
                contact.help_result = asyncio.get_running_loop().create_future()
                reply = await self.desktop.send(
                    ask_help=facts_pb2.HelpAsked(
                        contact_id=contact.card.contact_id,
                        epoch=contact.epoch,
                        kind="HELP_KIND_APPROVAL",
                        decision_wanted=_wanted(truth),
                    )
                )
                if not reply.reply.accepted:
                    contact.help_result = None
                    return
            await self._help_or_gone(contact)

    async def _pass_on(self, contact: _Contact, reason: str, **details: object) -> bool:
        """Asks for a transfer; True once somebody else has the contact, False when this agent keeps it."""
        contact.help_result = asyncio.get_running_loop().create_future()
        reply = await self.desktop.send(
            ask_transfer=facts_pb2.TransferAsked(
                contact_id=contact.card.contact_id,
                epoch=contact.epoch,
                reason=reason,
                **details,  # type: ignore[arg-type] # by name
            )
        )
        if not reply.reply.accepted:
            contact.help_result = None
            return False
        await self._help_or_gone(contact)
        return contact.gone.is_set()

    async def _finish(self, contact: _Contact, truth: Truth) -> None:
        contact_id, epoch = contact.card.contact_id, contact.epoch
        outcome = "unresolved" if truth.unresolved else "resolved"
        if truth.decision:
            used = facts_pb2.AuthorityUsed(contact_id=contact_id, epoch=epoch, decision=_wanted(truth))
            reply = await self.desktop.send(use_authority=used)
            if not reply.reply.accepted:
                outcome = "unresolved"
        if contact.card.medium == "voice":
            ended = facts_pb2.ConversationEnded(contact_id=contact_id, epoch=epoch)
            await self.desktop.send(end_conversation=ended)
            await self._clock.sleep_ms(WRAP_UP_MS)
        reply = await self.desktop.resolve(contact_id, epoch, f"OUTCOME_{outcome.upper()}")
        if reply.reply.accepted:
            self._ledger.ended(contact_id, outcome)
        elif await self._is_over(contact_id, reply):
            self._ledger.closed(contact_id)
        else:
            log.warning("demo_not_closed", contact=contact_id, reason=reply.reply.reason)

    async def _is_over(self, contact_id: str, refused: router_pb2.CommandResponse) -> bool:
        """Whether the log has the contact as closed at the refusal's position: a deadline may have passed while no router
        was there to tell, and whoever begins a session anew is told what stands only. Where nobody can say, it has not.
        """
        after = refused.position if refused.HasField("position") else None
        try:
            async with RouterClient(self._address, deadline_seconds=RETRY_SECONDS) as router:
                found = await router.get_contact(self._desk_id, contact_id, min_position=after)
        except ClientError as error:
            log.warning("demo_contact_unknown", contact=contact_id, error=str(error))
            return False
        return found.state == router_pb2.CONTACT_STATE_CLOSED

    # --- what the agent is told ------------------------------------------------------------------------------

    def _on_assigned(self, notice: router_pb2.AssignmentNotice) -> None:
        contact_id = notice.contact.contact_id
        before = self._hands.get(contact_id)
        if before is not None and before.epoch == notice.epoch:
            return  # told again after a reconnect
        self._ledger.assigned(contact_id, self.profile.agent_id, notice.epoch)
        contact = _Contact(notice.contact, notice.epoch)
        self._hands[contact_id] = contact
        truth = self._ledger.contacts[contact_id].delivery.truth
        if truth is not None:
            self._start(self._work(contact, truth))

    def _on_help_ended(self, ended: decisions_pb2.ConsultEnded) -> None:
        """Counts every end of its own asking, also of a contact that it is to call back about and does not hold."""
        if ended.adviser_id == self.profile.agent_id:
            return
        self._ledger.consults += 1
        contact, result = self._hands.get(ended.contact_id), ended.result
        if contact is None:
            return
        contact.approved |= result == facts_pb2.HELP_RESULT_GRANTED
        if contact.help_result is not None and not contact.help_result.done():
            contact.help_result.set_result(result)

    def _on_released(self, notice: router_pb2.ReleasedNotice) -> None:
        contact = self._hands.pop(notice.contact_id, None)
        if contact is not None:
            contact.gone.set()
            if notice.reason == "closed":  # by this agent's word, or by a deadline that passed first
                self._ledger.closed(notice.contact_id)
            if notice.reason == "transferred":
                truth = self._ledger.contacts[notice.contact_id].delivery.truth
                escalated = truth is not None and truth.topic in self.profile.topic_ids
                self._ledger.transferred(notice.contact_id, escalated=escalated)

    # --- small helpers ---------------------------------------------------------------------------------------

    async def _pause(self, contact: _Contact, seconds: float) -> None:
        """Works on; wakes early when the contact is no longer this agent's."""
        working = asyncio.ensure_future(self._clock.sleep_ms(seconds * 1000))
        gone = asyncio.ensure_future(contact.gone.wait())
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        working.cancel()
        gone.cancel()

    async def _help_or_gone(self, contact: _Contact) -> None:
        if contact.help_result is None:
            return
        gone: asyncio.Future[Any] = asyncio.ensure_future(contact.gone.wait())
        await asyncio.wait([contact.help_result, gone], return_when=asyncio.FIRST_COMPLETED)
        contact.help_result = None
        gone.cancel()

    def _may_grant(self, decision_type: str, amount_minor: int, currency: str) -> bool:
        return any(
            grant.decision_type == decision_type
            and (grant.unlimited or (grant.currency == currency and grant.limit_minor >= amount_minor))
            for grant in self.profile.grants
        )


def _wanted(truth: Truth) -> facts_pb2.DecisionWanted:
    return facts_pb2.DecisionWanted(
        decision_type=truth.decision, amount_minor=truth.amount_minor, currency=truth.currency, stated=True
    )
