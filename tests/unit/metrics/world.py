"""A small desk and a writer of decision logs, for the tests of metrics."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from services.contract import decisions as d
from services.contract.desk import Desk, DeskLimits, Queue
from services.contract.facts import Channel, HelpResult, Outcome, TransferReason

NOON_MS = 1_775_217_600_000  # 2026-04-03 12:00 UTC, on a quarter of an hour
QUARTER_MS = 900_000
DESK = Desk(
    desk_id="acme",
    queues=(
        Queue(queue_id="calls", channels=("phone",)),
        Queue(queue_id="post", channels=("email", "social")),
    ),
    limits=DeskLimits(),
)
APPLIED = d.DeskApplied(desk=DESK)


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
    )


@dataclass
class Writer:
    """Writes a partition's decision log as owners do; `records[offset]` is what the log holds."""

    records: list[d.Decision] = field(default_factory=list)
    desk_id: str = "acme"
    now_ms: int = NOON_MS
    head: int = 0
    last_fact: int = -1
    _next_id: int = 1

    def genesis(self) -> Writer:
        return self._append(d.GenesisCause(), 0)

    def fact(self, *events: d.Event, desk_id: str | None = None) -> Writer:
        self.last_fact += 1
        return self._append(d.FactCause(), self.last_fact, events, desk_id)

    def timer(self, *events: d.Event) -> Writer:
        return self._append(d.TimerCause(), self.last_fact, events)

    def rival(self, *events: d.Event) -> Writer:
        """A record that another owner built on something that is not the head."""
        self.records.append(
            d.Decision(
                decision_id=self._id(),
                prev_id=10**12 + len(self.records),
                fact_offset=self.last_fact + 1,
                desk_id=self.desk_id,
                cause=d.FactCause(),
                decided_at_ms=self.now_ms,
                events=events,
            )
        )
        return self

    def again(self) -> Writer:
        """The newest record lands a second time."""
        self.records.append(self.records[-1])
        return self

    def wait(self, duration_ms: int) -> Writer:
        self.now_ms += duration_ms
        return self

    def _append(
        self, cause: object, fact_offset: int, events: Iterable[d.Event] = (), desk_id: str | None = None
    ) -> Writer:
        record = d.Decision(
            decision_id=self._id(),
            prev_id=self.head,
            fact_offset=fact_offset,
            desk_id=self.desk_id if desk_id is None else desk_id,
            cause=cause,  # type: ignore[arg-type]
            decided_at_ms=self.now_ms,
            events=tuple(events),
        )
        self.head = record.decision_id
        self.records.append(record)
        return self

    def _id(self) -> int:
        self._next_id += 1
        return self._next_id


def random_event(rng: random.Random) -> d.Event:
    """Any event that measures look at, and some that they do not."""
    contact = f"c{rng.randrange(50)}"
    channel = rng.choice([Channel.PHONE, Channel.EMAIL, Channel.SOCIAL, Channel.UNSPECIFIED, Channel(77)])
    queue = rng.choice(["calls", "post", "unheard-of", ""])
    wait_ms = rng.choice([0, 1, 5_000, 5_001, 20_000, 59_999, rng.randrange(4_000_000)])
    ended = tally(
        channel,
        queue,
        first=rng.random() < 0.7,
        handled=rng.random() < 0.8,
        transfers=rng.choice([0, 0, 0, 1, 2, 3]),
        escalated=rng.random() < 0.2,
        unattributable=rng.random() < 0.1,
        open_ms=wait_ms,
    )
    makers: list[Callable[[], d.Event]] = [
        lambda: d.MentionNoted(
            contact_id=contact,
            channel=channel,
            kind=rng.choice(["mention", "review"]),
            sentiment=rng.choice(["positive", "neutral", "negative"]),
            addressed=rng.random() < 0.5,
            again=rng.random() < 0.5,
        ),
        lambda: d.MentionAnswered(channel=channel, kind=rng.choice(["mention", "review"])),
        lambda: d.ContactOpened(contact_id=contact, channel=channel),
        lambda: d.ContactQueued(contact_id=contact, channel=channel, queue_id=queue),
        lambda: d.Offered(
            contact_id=contact, channel=channel, queue_id=queue, authority=d.AuthorityCover(rng.randrange(5))
        ),
        lambda: d.OfferEnded(channel=channel, queue_id=queue, result=d.OfferResult(rng.randrange(6))),
        lambda: d.Assigned(
            contact_id=contact,
            channel=channel,
            queue_id=queue,
            first=rng.random() < 0.7,
            within_target=rng.random() < 0.5,
            wait_since_arrival_ms=wait_ms,
            wait_since_queue_ms=wait_ms // 2,
            offer_id=rng.choice(["", "o1"]),
        ),
        lambda: d.Abandoned(
            queue_id=queue, tally=ended, wait_since_arrival_ms=wait_ms, wait_since_queue_ms=wait_ms // 3
        ),
        lambda: d.TargetMissed(channel=channel, queue_id=queue, promise=rng.choice(["target", "due", "?"])),
        lambda: d.Answered(
            channel=channel,
            queue_id=queue,
            kind=rng.choice(["human", "ack"]),
            after_ms=wait_ms * 40,
            mention=rng.choice(["", "review"]),
        ),
        lambda: d.Escalated(channel=channel, queue_id=queue, reason=rng.choice(["lacks_authority", "mood"])),
        lambda: d.ConsultEnded(channel=channel, queue_id=queue, result=HelpResult(rng.randrange(8))),
        lambda: d.Transferred(
            contact_id=contact, channel=channel, queue_id=queue, reason=TransferReason(rng.randrange(7))
        ),
        lambda: d.Resolved(contact_id=contact, tally=ended),
        lambda: d.Closed(contact_id=contact, tally=ended, outcome=Outcome(rng.randrange(9))),
        lambda: d.Reopened(channel=channel, queue_id=queue, after_ms=wait_ms * 300),
        lambda: d.ResolutionConfirmed(channel=channel, queue_id=queue, first_contact=rng.random() < 0.5),
        lambda: d.AgentPresenceChanged(agent_id="ana"),
        lambda: d.DuplicateIgnored(fact_id="f1"),
    ]
    return rng.choice(makers)()


def random_log(seed: int, records: int, *, desks: tuple[str, ...] = ("acme",)) -> list[d.Decision]:
    """A partition's log: genesis, configurations, then facts, timers, rivals and records that land twice."""
    rng = random.Random(seed)
    writer = Writer(desk_id=desks[0]).genesis()
    for desk_id in desks:
        desk = Desk(desk_id=desk_id, queues=DESK.queues, limits=DESK.limits)
        writer.fact(d.DeskApplied(desk=desk), desk_id=desk_id)
    while len(writer.records) < records:
        writer.desk_id = rng.choice(desks)
        events = [random_event(rng) for _ in range(rng.choice([0, 1, 1, 2, 4]))]
        choice = rng.random()
        if choice < 0.6:
            writer.fact(*events)
        elif choice < 0.75:
            writer.timer(*events)
        elif choice < 0.9:
            writer.rival(*events)
        else:
            writer.again()
        writer.wait(rng.choice([0, 10, 1_000, 60_000, 60_000, rng.randrange(2 * QUARTER_MS)]))
    return writer.records
