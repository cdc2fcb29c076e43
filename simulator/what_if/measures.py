"""The figures of a span, read alike from a desk's own records and from those of a replay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from services.contract import decisions as d
from services.contract.facts import Channel
from services.router.evolve.work import kind_of
from services.router.waiting import Kind
from simulator.report.measures import WAITED_SECONDS_MAX, Run
from simulator.report.tables import Column

COLUMNS = (
    Column("wait_seconds", "wait, s", "mean wait of calls and messages until the first agent", "s"),
    Column("p90_seconds", "P90, s", "nine in ten of them were answered within", "s"),
    Column("email_hours", "mail, h", "mean wait of e-mail until the first agent"),
    Column("in_target", "in target, %", "answered within the desk's own targets, of all that came", "%"),
    Column("left", "left, %", "calls that left before anybody answered", "%"),
    Column("transfers", "transfers", "hand-overs per answered contact"),
    Column("consults", "consults", "times that somebody joined, per answered contact"),
    Column("fcr", "expected FCR, %", "first contacts settled, as expected of whoever ended them", "%"),
)


def figures(
    records: Sequence[d.Decision], judged: frozenset[str], expected: Mapping[str, float] | None = None
) -> Run:
    """`judged`: first contacts that ended in the log. `expected`: chances that they were settled; None counts."""
    opened: dict[str, d.ContactOpened] = {}
    first: dict[str, d.Assigned] = {}
    left: set[str] = set()
    settled: set[str] = set()
    transfers = consults = 0
    for record in records:
        for event in record.events:
            match event:
                case d.ContactOpened():
                    opened[event.contact_id] = event
                case d.Assigned():
                    if event.first and event.contact_id in opened:
                        first[event.contact_id] = event
                    transfers += event.hop > 0
                case d.Abandoned():
                    left.add(event.contact_id)
                case d.Resolved():
                    settled.add(event.contact_id)
                case d.Transferred():
                    transfers += 1
                case d.ConsultStarted():
                    consults += 1
    waits = [one.wait_since_arrival_ms / 1000 for one in first.values() if one.channel is not Channel.EMAIL]
    mails = [one.wait_since_arrival_ms / 3.6e6 for one in first.values() if one.channel is Channel.EMAIL]
    calls = [name for name, one in opened.items() if kind_of(one.channel, one.medium) is Kind.CALL]
    chances = [
        float(contact_id in settled) if expected is None else expected.get(contact_id, 0.0)
        for contact_id in sorted(judged)
    ]
    live = [name for name, one in opened.items() if one.channel is not Channel.EMAIL]
    return Run(
        {
            "contacts": float(len(opened)),
            "wait_seconds": _mean(waits),
            "p90_seconds": float(np.quantile(waits, 0.9)) if waits else float("nan"),
            "email_hours": _mean(mails),
            "in_target": sum(one.within_target for one in first.values()) / max(1, len(opened)),
            "left": len(left.intersection(calls)) / max(1, len(calls)) if calls else float("nan"),
            "transfers": transfers / max(1, len(first)),
            "consults": consults / max(1, len(first)),
            "fcr": _mean(chances),
        },
        {
            "answered_within": [
                sum(wait <= second for wait in waits) / len(live) for second in range(WAITED_SECONDS_MAX + 1)
            ]
            if live
            else []
        },
    )


def first_contacts_that_ended(records: Sequence[d.Decision]) -> frozenset[str]:
    opened, ended = set(), set()
    for record in records:
        for event in record.events:
            if isinstance(event, d.ContactOpened) and event.first_in_case:
                opened.add(event.contact_id)
            elif isinstance(event, d.Resolved | d.Closed | d.Abandoned):
                ended.add(event.contact_id)
    return frozenset(opened & ended)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
