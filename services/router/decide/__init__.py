"""decide: what follows from a fact or a timer. Pure: time and ids come in, one record comes out.

Every fact gets exactly one record: events, a refusal, a rejection, "duplicate" or nothing (engine.md 1.3). One
module per kind of fact; `placing`, `helping` and `ending` are what they share.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.contract import facts as f
from services.contract.decisions import (
    CloseCause,
    Decision,
    DuplicateIgnored,
    Event,
    FactCause,
    FactRejected,
    GenesisCause,
    Refused,
    Reply,
    TimerCause,
)
from services.contract.topics import partition_of
from services.router.decide import (
    agents,
    arrival,
    authority,
    awaiting,
    closing,
    configuration,
    help,
    identities,
    mentions,
    messages,
    noting,
    offers,
    overload,
    prices,
    timeouts,
    transfer,
)
from services.router.decide.refusal import Malformed, Refuse
from services.router.decide.step import Step
from services.router.log import digests
from services.router.model import PartitionState
from services.router.timers import AGENT, CONTACT, Timer, deadline_of

__all__ = ["decide_close", "decide_fact", "decide_genesis", "decide_rejected", "decide_timer"]

RECORD_FORMAT = 1
Handler = Callable[[Step, Any], None]

_HANDLERS: dict[type, tuple[str, Handler]] = {
    f.ContactArrived: ("contact_arrived", arrival.contact_arrived),
    f.CallerHungUp: ("caller_hung_up", closing.hung_up),
    f.CallbackAsked: ("callback_asked", overload.callback_asked),
    f.AgentSignedIn: ("agent_signed_in", agents.signed_in),
    f.AgentStateChanged: ("agent_state_changed", agents.state_changed),
    f.OfferAnswered: ("offer_answered", offers.answered),
    f.HelpAsked: ("help_asked", help.asked),
    f.HelpAnswered: ("help_answered", help.answered),
    f.TransferAsked: ("transfer_asked", transfer.asked),
    f.AuthorityUsed: ("authority_used", authority.used),
    f.ConversationEnded: ("conversation_ended", closing.conversation_ended),
    f.ContactResolved: ("contact_resolved", closing.resolved),
    f.CustomerAsked: ("customer_asked", awaiting.asked),
    f.MessageSent: ("message_sent", messages.sent),
    f.NonContactSeen: ("non_contact_seen", messages.non_contact),
    f.MentionSeen: ("mention_seen", mentions.seen),
    f.IdentityLinked: ("identity_linked", identities.linked),
    f.IdentityUnlinked: ("identity_unlinked", identities.unlinked),
    f.PricesSet: ("prices_set", prices.prices_set),
    f.ForecastSet: ("forecast_set", prices.forecast_set),
    f.SurveyAnswered: ("survey_answered", noting.survey_answered),
    f.ChangeMarked: ("change_marked", noting.change_marked),
}


_ANSWERED = (
    f.CallbackAsked,
    f.AgentSignedIn,
    f.AgentStateChanged,
    f.OfferAnswered,
    f.HelpAsked,
    f.HelpAnswered,
    f.TransferAsked,
    f.AuthorityUsed,
    f.ConversationEnded,
    f.ContactResolved,
    f.CustomerAsked,
    f.DeskConfigured,
    f.ChangeMarked,
    f.IdentityLinked,
    f.IdentityUnlinked,
)
"""Kinds of fact that are answered, for somebody may wait."""


def decide_fact(
    state: PartitionState,
    fact: f.Fact,
    *,
    offset: int,
    now_ms: int,
    decision_id: int,
    owner: str,
    partition: int | None = None,
) -> Decision:
    """The record for the fact at `offset`.

    `partition` is where the fact was read; without it a desk is compared with the desks that are here already.
    """
    if state.was_seen(fact.fact_id):
        events: tuple[Event, ...] = (DuplicateIgnored(fact_id=fact.fact_id),)
        reply = state.seen.reply(fact.fact_id) or _forgotten_reply(fact)
    else:
        events, reply = _decided(state, fact, offset, _at(state, now_ms), partition)
    return Decision(
        decision_id=decision_id,
        prev_id=state.head,
        fact_offset=offset,
        fact_id=fact.fact_id,
        desk_id=fact.desk_id,
        cause=FactCause(),
        decided_at_ms=_at(state, now_ms),
        events=events,
        reply=reply,
        owner=owner,
        digest=_digest(state),
    )


def decide_rejected(
    state: PartitionState,
    *,
    offset: int,
    reason: str,
    detail: str,
    fact_id: str,
    desk_id: str,
    now_ms: int,
    decision_id: int,
    owner: str,
) -> Decision:
    """The record for a fact that cannot be read, or that broke deciding; order is kept, nothing changes."""
    return Decision(
        decision_id=decision_id,
        prev_id=state.head,
        fact_offset=offset,
        fact_id=fact_id,
        desk_id=desk_id,
        cause=FactCause(),
        decided_at_ms=_at(state, now_ms),
        events=(FactRejected(reason=reason, detail=detail),),
        reply=Reply(accepted=False, reason="malformed", detail=detail),
        owner=owner,
        digest=_digest(state),
    )


def decide_timer(
    state: PartitionState, timer: Timer, *, now_ms: int, decision_id: int, owner: str
) -> Decision:
    """The record for a deadline that passed; without events when it has moved or gone since."""
    at_ms = _at(state, now_ms)
    desk = state.desks.get(timer.desk_id)
    step = Step(desk, at_ms=at_ms, number=state.count, offset=state.last_fact)
    stands = deadline_of(state, timer.desk_id, timer.timer_id) == timer.deadline_at_ms
    if stands and timer.deadline_at_ms <= at_ms:
        kind, _, object_id = timer.timer_id.partition("/")
        if kind + "/" == CONTACT:
            timeouts.contact_due(step, step.contact(object_id))
        elif kind + "/" == AGENT:
            timeouts.agent_due(step, object_id)
        else:
            timeouts.case_due(step, object_id)
        overload.settle(step)
    return Decision(
        decision_id=decision_id,
        prev_id=state.head,
        fact_offset=state.last_fact,
        desk_id=timer.desk_id,
        cause=TimerCause(timer_id=timer.timer_id, deadline_at_ms=timer.deadline_at_ms),
        decided_at_ms=at_ms,
        events=step.done(desk),
        owner=owner,
        digest=_digest(state),
    )


def decide_genesis(
    *,
    generation: int,
    partitions: int,
    partition_hash: str,
    first_fact_offset: int,
    now_ms: int,
    decision_id: int,
    owner: str,
    carried_from: int = 0,
    carried_digest: bytes = b"",
) -> Decision:
    """Record 0 of a partition; of two racing ones the chain takes the first."""
    return Decision(
        decision_id=decision_id,
        fact_offset=first_fact_offset - 1,
        cause=GenesisCause(
            log_generation=generation,
            partitions=partitions,
            partition_hash=partition_hash,
            first_fact_offset=first_fact_offset,
            format=RECORD_FORMAT,
            carried_from=carried_from,
            carried_digest=carried_digest,
        ),
        decided_at_ms=now_ms,
        owner=owner,
    )


def decide_close(state: PartitionState, *, now_ms: int, decision_id: int, owner: str) -> Decision:
    """The last record of a partition: nothing that follows is accepted (engine.md 1.11)."""
    return Decision(
        decision_id=decision_id,
        prev_id=state.head,
        fact_offset=state.last_fact,
        cause=CloseCause(),
        decided_at_ms=_at(state, now_ms),
        owner=owner,
        digest=_digest(state),
    )


def _forgotten_reply(fact: f.Fact) -> Reply | None:
    """What a command is told whose first answer is no longer kept: surely not that it was accepted."""
    if not isinstance(fact.body, _ANSWERED):
        return None
    return Reply(
        accepted=False,
        reason="duplicate",
        detail="decided before, and the answer is no longer kept; read what stands now",
    )


def _decided(
    state: PartitionState, fact: f.Fact, offset: int, at_ms: int, partition: int | None
) -> tuple[tuple[Event, ...], Reply | None]:
    desk = state.desks.get(fact.desk_id)
    step = Step(
        desk,
        at_ms=at_ms,
        number=state.count,
        offset=offset,
        received_at_ms=fact.received_at_ms,
        occurred_at_ms=fact.occurred_at_ms,
    )
    body = fact.body
    if isinstance(body, f.Heartbeat):
        return (noting.heartbeat_passed(fact, body),), None
    if desk is None and _is_elsewhere(state, fact.desk_id, partition):
        return _rejected(
            "wrong_partition", "the desk belongs to another partition: check the writer's partition count"
        )
    if isinstance(body, f.DeskConfigured):
        configuration.configured(step, body, fact.desk_id, known=desk is not None)
        return tuple(step.events), step.reply
    if body is None:
        return _rejected("unknown_kind", "a fact of a kind unknown to this version: upgrade the router first")
    if desk is None:
        return _rejected("desk_unknown", "configure the desk first; then send the fact again under a new id")
    name, handler = _HANDLERS[type(body)]
    try:
        handler(step, body)
    except Refuse as refusal:
        refused = Reply(accepted=False, reason=refusal.reason, detail=refusal.detail)
        return (Refused(reason=refusal.reason, command=name),), refused
    except Malformed as fault:
        return _rejected("invalid", str(fault))
    overload.settle(step)
    return step.done(desk), step.reply


def _rejected(reason: str, detail: str) -> tuple[tuple[Event, ...], Reply]:
    """A rejection is answered too, for the fact may have been a caller's command."""
    reply = Reply(accepted=False, reason="malformed", detail=detail)
    return (FactRejected(reason=reason, detail=detail),), reply


def _is_elsewhere(state: PartitionState, desk_id: str, partition: int | None) -> bool:
    """True for a desk of another partition, as far as it can be told."""
    if state.partitions <= 1:
        return False
    here = partition
    if here is None and state.desks:
        here = partition_of(min(state.desks), state.partitions)
    return here is not None and partition_of(desk_id, state.partitions) != here


def _at(state: PartitionState, now_ms: int) -> int:
    """The decision's now: the owner's clock, but never before what was decided already."""
    return max(state.decided_at_ms, now_ms)


def _digest(state: PartitionState) -> bytes:
    return digests.told_by(state) if digests.due(state) else b""
