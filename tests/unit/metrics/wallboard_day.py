"""A made-up desk with an earlier day of the same weekday and a day so far, as a decision log: seeded, always the same.

Written as owners write it, contact by contact, so that waits, assignments and agents are what a router would tell.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from services.contract import decisions as d
from services.contract.desk import Agent, Desk, DeskLimits, Queue
from services.contract.facts import Channel, HelpKind, HelpResult, Presence, TransferReason
from tests.unit.metrics.world import Writer, tally

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
MIDNIGHT_MS = 1_775_174_400_000  # Friday 2026-04-03 00:00 UTC
NOW_MS = MIDNIGHT_MS + 14 * HOUR_MS + 32 * 60_000
QUEUES = (
    ("calls", Channel.PHONE, 40_000, 14_000),
    ("orders", Channel.EMAIL, 4 * HOUR_MS, 50 * 60_000),
    ("billing", Channel.EMAIL, 4 * HOUR_MS, 40 * 60_000),
    ("chat", Channel.SOCIAL, 60_000, 20_000),
)
"""Name, channel, target wait and usual mean wait."""
AGENTS = tuple(f"agent-{number}" for number in range(1, 15))
DESK = Desk(
    desk_id="acme",
    queues=tuple(Queue(queue_id=name, channels=(channel.label,)) for name, channel, _, _ in QUEUES),
    agents=tuple(Agent(agent_id=agent, capacity_units=100) for agent in AGENTS),
    limits=DeskLimits(),
)
_PER_HOUR = (0, 0, 0, 0, 0, 0, 2, 14, 44, 76, 92, 84, 60, 64, 82, 86, 74, 52, 30, 16, 8, 3, 0, 0)
"""Arrivals an hour of a usual day."""


@dataclass
class Day:
    """Steps of a day, by time; a contact is one or two events at each of its steps."""

    rng: random.Random
    prefix: str
    steps: list[tuple[int, int, tuple[d.Event, ...]]] = field(default_factory=list)

    def at(self, at_ms: int, *events: d.Event) -> None:
        self.steps.append((at_ms, len(self.steps), events))

    def contact(self, number: int, arrived_ms: int, *, worse: bool, free: list[str]) -> None:
        """One contact from arrival to its end."""
        rng, name = self.rng, f"{self.prefix}{number}"
        queue, channel, target_ms, usual_ms = rng.choices(QUEUES, (5, 2, 1, 3))[0]
        self.at(
            arrived_ms,
            d.ContactOpened(
                contact_id=name, case_id=f"case-{name}", channel=channel, arrived_at_ms=arrived_ms
            ),
            d.ContactQueued(contact_id=name, queue_id=queue, channel=channel, queued_at_ms=arrived_ms),
        )
        wait_ms = 1_000 + int(rng.expovariate(1 / (usual_ms * (2.4 if worse else 1))))
        if channel is Channel.PHONE and wait_ms > 100_000:
            self.at(
                arrived_ms + 100_000,
                d.Abandoned(
                    contact_id=name,
                    queue_id=queue,
                    wait_since_arrival_ms=100_000,
                    wait_since_queue_ms=100_000,
                    tally=tally(channel, queue, handled=False),
                ),
            )
            return
        assigned_ms = arrived_ms + wait_ms
        if wait_ms > target_ms:
            self.at(
                arrived_ms + target_ms,
                d.TargetMissed(contact_id=name, queue_id=queue, channel=channel, promise="target"),
            )
        agent = free[number % len(free)]
        self.at(
            assigned_ms,
            d.Assigned(
                contact_id=name,
                agent_id=agent,
                channel=channel,
                queue_id=queue,
                first=True,
                within_target=wait_ms <= target_ms,
                wait_since_arrival_ms=wait_ms,
                wait_since_queue_ms=wait_ms,
            ),
        )
        self._handled(name, agent, queue, channel, assigned_ms, worse=worse)

    def _handled(
        self, name: str, agent: str, queue: str, channel: Channel, assigned_ms: int, *, worse: bool
    ) -> None:
        rng = self.rng
        moved, escalated = rng.random() < 0.07, rng.random() < 0.05
        talk_ms = 60_000 + int(rng.expovariate(1 / 240_000))
        half = assigned_ms + talk_ms // 2
        if moved or escalated:
            reason = TransferReason.LACKS_AUTHORITY if escalated else TransferReason.WRONG_TOPIC
            self.at(half, d.Transferred(contact_id=name, channel=channel, queue_id=queue, reason=reason))
        if escalated:
            self.at(
                half, d.Escalated(contact_id=name, channel=channel, queue_id=queue, reason="lacks_authority")
            )
        elif rng.random() < 0.1:
            self.at(
                half,
                d.ConsultEnded(
                    contact_id=name,
                    channel=channel,
                    queue_id=queue,
                    kind=HelpKind.APPROVAL,
                    result=HelpResult.GRANTED,
                ),
            )
        self.at(assigned_ms + talk_ms, d.WrapUpStarted(contact_id=name, agent_id=agent))
        ended = tally(channel, queue, transfers=int(moved or escalated), escalated=escalated)
        settled = rng.random() < 0.74
        end = d.Resolved if settled else d.Closed
        self.at(
            assigned_ms + talk_ms + 30_000,
            end(contact_id=name, case_id=f"case-{name}", agent_id=agent, tally=ended),
        )


def made_up(now_ms: int = NOW_MS, *, seed: int = 3) -> Writer:
    """The log up to `now_ms`: a whole day a week before, and that day so far, busier and slower in its last hour."""
    writer = Writer(now_ms=MIDNIGHT_MS - 7 * DAY_MS).genesis()
    writer.fact(d.DeskApplied(desk=DESK))
    for at_ms, events in _steps(now_ms, random.Random(seed)):
        writer.now_ms = at_ms
        writer.fact(*events)
    writer.now_ms = now_ms
    return writer


def _steps(now_ms: int, rng: random.Random) -> Iterator[tuple[int, tuple[d.Event, ...]]]:
    before, today = Day(rng, "b"), Day(rng, "t")
    free = list(AGENTS[:10])
    for day, starts_ms in ((before, MIDNIGHT_MS - 7 * DAY_MS), (today, MIDNIGHT_MS)):
        for number, agent in enumerate(AGENTS):
            presence = (
                Presence.BREAK if number == 10 else Presence.NOT_READY if number == 11 else Presence.AVAILABLE
            )
            day.at(starts_ms + 7 * HOUR_MS, d.AgentPresenceChanged(agent_id=agent, presence=presence))
        number = 0
        for hour, arrivals in enumerate(_PER_HOUR):
            for _ in range(
                int(arrivals * (1.25 if day is today and hour >= 9 else 1.0) * rng.uniform(0.8, 1.2))
            ):
                number += 1
                arrived_ms = starts_ms + hour * HOUR_MS + rng.randrange(HOUR_MS)
                if day is today and arrived_ms > now_ms - 20 * 60_000:
                    continue
                day.contact(number, arrived_ms, worse=day is today and hour >= 10, free=free)
    _at_the_end(today, now_ms)
    for at_ms, _, events in sorted(before.steps + today.steps, key=lambda step: step[:2]):
        if at_ms <= now_ms:
            yield at_ms, events


def _at_the_end(today: Day, now_ms: int) -> None:
    """What stands at the end: who waits since when, who serves, who wraps up."""
    waits_ms = {
        "calls": (131, 96, 74, 52, 31, 12, 4),
        "chat": (44, 27, 9),
        "orders": (5_220, 3_105, 1_640, 300),
    }
    by_name = {name: (channel, target_ms) for name, channel, target_ms, _ in QUEUES}
    for queue, seconds in waits_ms.items():
        channel, target_ms = by_name[queue]
        for number, waited in enumerate(seconds):
            name, arrived_ms = f"w-{queue}-{number}", now_ms - waited * 1000
            today.at(
                arrived_ms,
                d.ContactOpened(
                    contact_id=name, case_id=f"case-{name}", channel=channel, arrived_at_ms=arrived_ms
                ),
                d.ContactQueued(contact_id=name, queue_id=queue, channel=channel, queued_at_ms=arrived_ms),
            )
            if waited * 1000 > target_ms:
                missed = d.TargetMissed(contact_id=name, queue_id=queue, channel=channel, promise="target")
                today.at(arrived_ms + target_ms, missed)
    for number, agent in enumerate(AGENTS[:9]):
        name, at_ms = f"s-{number}", now_ms - 15_000 * (number + 2)
        today.at(
            at_ms - 8_000,
            d.ContactOpened(contact_id=name, channel=Channel.PHONE, arrived_at_ms=at_ms - 8_000),
        )
        today.at(
            at_ms,
            d.Assigned(
                contact_id=name,
                agent_id=agent,
                channel=Channel.PHONE,
                queue_id="calls",
                first=True,
                within_target=True,
                wait_since_arrival_ms=8_000,
                wait_since_queue_ms=8_000,
            ),
        )
        if number > 6:
            today.at(now_ms - 12_000, d.WrapUpStarted(contact_id=name, agent_id=agent))
