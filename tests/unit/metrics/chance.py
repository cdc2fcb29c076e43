"""Any event that measures look at, at random, whether or not it could follow from what was before."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from services.contract import decisions as d
from services.contract.facts import Channel, HelpKind, HelpResult, Outcome, Presence, TransferReason

NOON_MS = 1_775_217_600_000
AGENTS = ["ana", "ben", "cid", "dee"]
"""The last one is not configured."""


def tally(
    channel: Channel = Channel.PHONE,
    queue: str = "calls",
    *,
    first: bool = True,
    handled: bool = True,
    transfers: int = 0,
    escalated: bool = False,
    unattributable: bool = False,
    open_ms: int = 0,
    topic: str = "",
) -> d.ContactTally:
    return d.ContactTally(
        channel=channel,
        first_queue_id=queue,
        first_in_case=first,
        handled=handled,
        transfers=transfers,
        escalated=escalated,
        unattributable=unattributable,
        open_ms=open_ms,
        topic_id=topic,
    )


def random_event(rng: random.Random) -> d.Event:
    """One event."""
    place: dict[str, Any] = {
        "contact_id": f"c{rng.randrange(50)}",
        "channel": rng.choice(
            [Channel.PHONE, Channel.EMAIL, Channel.SOCIAL, Channel.UNSPECIFIED, Channel(77)]
        ),
        "queue_id": rng.choice(["calls", "post", "unheard-of", ""]),
    }
    return rng.choice(_MAKERS)(rng, place)


def _wait_ms(rng: random.Random) -> int:
    return rng.choice([0, 1, 5_000, 5_001, 20_000, 59_999, rng.randrange(4_000_000)])


def _soon(rng: random.Random) -> int:
    """An instant within the days that a random log takes, or none."""
    return rng.choice([0, NOON_MS + rng.randrange(40 * 86_400_000)])


def _tally(rng: random.Random, place: dict[str, Any]) -> d.ContactTally:
    return tally(
        place["channel"],
        place["queue_id"],
        first=rng.random() < 0.7,
        handled=rng.random() < 0.8,
        transfers=rng.choice([0, 0, 0, 1, 2, 3]),
        escalated=rng.random() < 0.2,
        unattributable=rng.random() < 0.1,
        open_ms=_wait_ms(rng),
        topic=rng.choice(["billing", "refund", "unknown", ""]),
    )


Maker = Callable[[random.Random, dict[str, Any]], d.Event]


def _of(event: type, /, *names: str, **makers: Callable[[random.Random], Any]) -> Maker:
    """A maker of events with those parts of the place, and further fields at random."""

    def make(rng: random.Random, place: dict[str, Any]) -> d.Event:
        made: d.Event = event(
            **{name: place[name] for name in names}, **{name: one(rng) for name, one in makers.items()}
        )
        return made

    return make


def _agent(rng: random.Random) -> str:
    return rng.choice(AGENTS)


def _coin(rng: random.Random) -> bool:
    return rng.random() < 0.5


def _assigned(rng: random.Random, place: dict[str, Any]) -> d.Event:
    wait_ms = _wait_ms(rng)
    return d.Assigned(
        **place,
        agent_id=_agent(rng),
        first=rng.random() < 0.7,
        within_target=_coin(rng),
        wait_since_arrival_ms=wait_ms,
        wait_since_queue_ms=wait_ms // 2,
        offer_id=rng.choice(["", "o1"]),
        hop=rng.choice([0, 0, 1, 2]),
        deadline_at_ms=_soon(rng),
    )


def _abandoned(rng: random.Random, place: dict[str, Any]) -> d.Event:
    wait_ms = _wait_ms(rng)
    return d.Abandoned(
        contact_id=place["contact_id"],
        queue_id=place["queue_id"],
        tally=_tally(rng, place),
        wait_since_arrival_ms=wait_ms,
        wait_since_queue_ms=wait_ms // 3,
    )


def _case(rng: random.Random) -> str:
    return f"k{rng.randrange(30)}"


def _opened(rng: random.Random, place: dict[str, Any]) -> d.Event:
    return d.ContactOpened(
        contact_id=place["contact_id"],
        case_id=_case(rng),
        channel=place["channel"],
        complaint=rng.random() < 0.3,
        public=_coin(rng),
        arrived_at_ms=_soon(rng),
        target_at_ms=_soon(rng),
        due_at_ms=_soon(rng),
    )


_ALL = ("contact_id", "channel", "queue_id")
_MAKERS: list[Maker] = [
    _opened,
    _opened,
    _of(d.ContactQueued, *_ALL, queued_at_ms=_soon, deadline_at_ms=_soon),
    _of(d.ContactQueued, *_ALL, deadline_at_ms=_soon),
    _of(
        d.Offered,
        *_ALL,
        agent_id=_agent,
        authority=lambda rng: d.AuthorityCover(rng.randrange(5)),
        expires_at_ms=_soon,
    ),
    _of(
        d.OfferEnded,
        *_ALL,
        result=lambda rng: d.OfferResult(rng.randrange(6)),
        reason=lambda rng: rng.choice(["", "lacks_authority", "agent_gone"]),
    ),
    _assigned,
    _assigned,
    _abandoned,
    _of(
        d.TargetMissed,
        *_ALL,
        promise=lambda rng: rng.choice(["target", "due", "callback", "?"]),
        deadline_at_ms=_soon,
    ),
    _of(
        d.Answered,
        *_ALL,
        kind=lambda rng: rng.choice(["human", "ack"]),
        after_ms=lambda rng: _wait_ms(rng) * 40,
        mention=lambda rng: rng.choice(["", "review"]),
        complaint=_coin,
        public=_coin,
    ),
    _of(d.Escalated, *_ALL, reason=lambda rng: rng.choice(["lacks_authority", "mood"])),
    _of(
        d.HelpRequested,
        "contact_id",
        kind=lambda rng: HelpKind(rng.randrange(3)),
        approver=lambda rng: d.ApproverFound(rng.randrange(3)),
        deadline_at_ms=_soon,
    ),
    _of(d.ConsultStarted, "contact_id", adviser_id=_agent, deadline_at_ms=_soon),
    _of(d.HelpPassedOn, "contact_id", adviser_id=_agent, deadline_at_ms=_soon),
    _of(d.ConsultEnded, *_ALL, result=lambda rng: HelpResult(rng.randrange(8)), deadline_at_ms=_soon),
    _of(
        d.HandoverStarted,
        "contact_id",
        from_agent_id=_agent,
        approver=lambda rng: d.ApproverFound(rng.randrange(3)),
        units_freed=_coin,
        deadline_at_ms=_soon,
    ),
    _of(
        d.HandoverEnded,
        "contact_id",
        agent_id=_agent,
        reason=lambda rng: rng.choice(["unfilled", "customer_left"]),
        deadline_at_ms=_soon,
    ),
    _of(d.Transferred, *_ALL, reason=lambda rng: TransferReason(rng.randrange(7))),
    _of(
        d.CallbackPromised,
        *_ALL,
        due_at_ms=_soon,
        queue_at_ms=_soon,
        replaces_at_ms=_soon,
    ),
    _of(d.CustomerAwaited, *_ALL, agent_id=_agent, deadline_at_ms=_soon),
    _of(d.CustomerReturned, *_ALL, agent_id=_agent, deadline_at_ms=_soon),
    _of(d.WrapUpStarted, "contact_id", agent_id=_agent, deadline_at_ms=_soon),
    _of(d.DeadlineMoved, "contact_id", deadline_at_ms=_soon),
    _of(d.ExceptionGranted, "contact_id", agent_id=_agent, approver_id=lambda rng: rng.choice(["", "ben"])),
    _of(
        d.MessageDue,
        *_ALL,
        kind=lambda rng: rng.choice(["acknowledgement", "callback_offer", "reminder", "update", "new"]),
    ),
    _of(
        d.OutboundNoted,
        *_ALL,
        kind=lambda rng: rng.choice(
            ["update", "survey", "followup", "callback_offer", "revised_time", "new"]
        ),
    ),
    _of(
        d.SurveyNoted,
        *_ALL,
        score=lambda rng: rng.randrange(7),
        after_ms=lambda rng: rng.choice([0, _wait_ms(rng) * 300]),
    ),
    _of(
        d.ChangeNoted,
        change=lambda rng: f"change-{rng.randrange(5)}",
        effective_at_ms=_soon,
    ),
    _of(d.OverloadBegan),
    _of(d.OverloadEnded),
    lambda rng, place: d.Resolved(contact_id=place["contact_id"], tally=_tally(rng, place)),
    lambda rng, place: d.Closed(
        contact_id=place["contact_id"], tally=_tally(rng, place), outcome=Outcome(rng.randrange(9))
    ),
    _of(
        d.Reopened,
        "channel",
        "queue_id",
        case_id=_case,
        after_ms=lambda rng: _wait_ms(rng) * 300,
        first_contact=_coin,
    ),
    _of(d.ResolutionConfirmed, "channel", "queue_id", case_id=_case, first_contact=_coin),
    _of(
        d.MentionNoted,
        "contact_id",
        "channel",
        kind=lambda rng: rng.choice(["mention", "review"]),
        sentiment=lambda rng: rng.choice(["positive", "neutral", "negative"]),
        addressed=_coin,
        again=_coin,
    ),
    _of(d.MentionAnswered, "channel", kind=lambda rng: rng.choice(["mention", "review"])),
    _of(
        d.AgentPresenceChanged,
        agent_id=_agent,
        presence=lambda rng: Presence(rng.choice([0, 1, 2, 2, 2, 3, 4, 5, 9])),
    ),
    _of(d.DuplicateIgnored, fact_id=lambda _: "f1"),
]
