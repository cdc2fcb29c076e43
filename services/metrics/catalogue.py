"""Every measure that metrics exports, with unit, labels, meaning and the moment it moves (operations.md 1.2).

A measure is a counter or a histogram per channel and queue; ratios are made of two of them in PromQL or by
GetKpis, never exported. Each label is a closed list; what is not on it becomes "other", so that no input can
grow the number of series. Durations are kept as whole milliseconds (squares as whole square milliseconds) and
become seconds at export: integer sums are exact, and the same in any order.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from enum import Enum

OTHER = "other"
"""Value of every closed label for what is not on its list."""
CHANNELS = ("phone", "email", "social", OTHER)
"""Values of the label `channel`."""
QUEUES_PER_DESK_MAX = 100
"""Queue names of one desk that become label values; later ones count under "other"."""
SHORT_ABANDON_MS = 5_000
"""A customer who left within this long hardly waited; a bound of the wait histograms."""

LIVE_BOUNDS = (5, 10, 20, 40, 56, 90, 180, 300, 600, 1200, 1800, 3600)
"""Seconds. 20 and 40 are promises, 56 an observed mean hold (operations.md 1.1)."""
RESPONSE_BOUNDS = (60, 300, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800)
"""Seconds. 86400 is the promise of an answer within a day."""
HOP_BOUNDS = (0, 1, 2, 3, 5)
"""Hand-overs. Above 2 is a broken invariant."""

OUTCOMES = ("answered", "abandoned", "abandoned_short", "cancelled")
TRANSFER_REASONS = ("lacks_authority", "wrong_topic", "stuck", "customer_wants_manager", OTHER)
WINDOWS = ("1d", "7d", "14d", "30d", OTHER)


class Kind(Enum):
    """How a measure is exposed."""

    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Label:
    """A label with its closed list; `born` are the values that are exported as zeros from the start."""

    name: str
    values: tuple[str, ...]
    born: tuple[str, ...] = ()

    def closed(self, value: str) -> str:
        """The value if it is on the list, else "other" (or the last on a list without it)."""
        return value if value in self.values else (OTHER if OTHER in self.values else self.values[-1])


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure. `name` is the family: `_total`, `_bucket`, `_sum` and `_count` are added at export."""

    name: str
    kind: Kind
    help: str
    """Meaning and unit, one line; Prometheus shows it."""
    moves: str
    """The event that moves it, and when."""
    used: str
    """The formula it is part of."""
    labels: tuple[Label, ...] = ()
    """Labels beside channel, queue and partition."""
    channels: tuple[str, ...] = CHANNELS[:3]
    """Channels that can have it at all; no other gets a zero."""
    bounds: tuple[int, ...] = ()
    """Upper bounds of a histogram's buckets, in the exported unit."""
    queued: bool = True
    """False for what happens before any queue: its label is "other", with zeros from the start there."""
    scale: int = 1
    """Stored units in one exported unit: 1,000 for seconds kept as milliseconds."""

    def bucket(self, stored: int) -> int:
        """Index of the bucket that a stored value falls in; len(bounds) is +Inf."""
        return bisect_left(self.bounds, stored) if self.scale == 1 else self._scaled(stored)

    def _scaled(self, stored: int) -> int:
        return bisect_left(self.bounds, stored, key=lambda bound: bound * self.scale)


def _counter(name: str, help: str, moves: str, used: str, *labels: Label, **more: object) -> Measure:
    return Measure(f"frontdesk_{name}", Kind.COUNTER, help, moves, used, labels, **more)  # type: ignore[arg-type]


def _histogram(name: str, help: str, moves: str, used: str, *labels: Label, **more: object) -> Measure:
    return Measure(f"frontdesk_{name}", Kind.HISTOGRAM, help, moves, used, labels, **more)  # type: ignore[arg-type]


_OUTCOME = Label("outcome", OUTCOMES, OUTCOMES)
_LEG_OUTCOME = Label("outcome", OUTCOMES[:3], OUTCOMES[:3])
_WINDOW = Label("window", WINDOWS)

CONTACT_WAIT = _histogram(
    "contact_wait_seconds",
    "Wait since the contact first arrived, in seconds, by how it ended.",
    "Once per contact: at the first Assigned, at Abandoned, or at Closed without an agent.",
    "Mean wait = _sum / _count; share within X = bucket X / offered.",
    _OUTCOME,
    bounds=LIVE_BOUNDS,
    scale=1000,
)
CONTACT_WAIT_SQUARES = _counter(
    "contact_wait_square_seconds",
    "Sum of squared waits since arrival of answered contacts, in square seconds.",
    "With contact_wait_seconds{outcome=answered}.",
    "Coefficient of variation = sqrt(squares/n - (sum/n)^2) / (sum/n).",
    scale=1_000_000,
)
QUEUE_WAIT = _histogram(
    "queue_wait_seconds",
    "Wait since this entry into the queue, in seconds, by how it ended; ringing is part of it.",
    "Once per leg: at each Assigned out of a queue, and at Abandoned.",
    "Average speed of answer = _sum / _count of outcome=answered.",
    _LEG_OUTCOME,
    bounds=LIVE_BOUNDS,
    scale=1000,
)
FIRST_RESPONSE = _histogram(
    "first_response_seconds",
    "Time from arrival to the first answer, in seconds; an acknowledgement (ack) stays apart from a person.",
    "At Answered, once per contact and kind.",
    "Answered within a day = bucket 86400 / _count.",
    Label("kind", ("ack", "human", OTHER), ("ack", "human")),
    channels=("email", "social"),
    bounds=RESPONSE_BOUNDS,
    scale=1000,
)
ARRIVED = _counter(
    "contacts_arrived",
    "Contacts that arrived; the queue is the one that the same decision put them into, else other.",
    "At ContactOpened.",
    "Denominator of repeats.",
)
OFFERED = _counter(
    "contacts_offered",
    "Contacts put before the desk: they left the queue answered or abandoned.",
    "At the first Assigned and at Abandoned.",
    "Denominator of service level and abandonment.",
)
ABANDONED = _counter(
    "contacts_abandoned",
    "Contacts whose customer left before an agent had them; short = after at most 5 s since arrival.",
    "At Abandoned.",
    "Abandonment = abandoned / offered; without short ones (abandoned - short) / (offered - short).",
    Label("short", ("true", "false"), ("true", "false")),
    channels=("phone", "social"),
)
PROMISES = _counter(
    "promises",
    "Promised waits that were kept or broken. promise=due has broken only: use first_response_seconds for kept.",
    "kept: at the first Assigned within the target; broken: when the deadline passes (TargetMissed).",
    "Within the promise = kept / (kept + broken), promise=target.",
    Label("result", ("kept", "broken"), ("kept", "broken")),
    Label("promise", ("target", "due", OTHER), ("target",)),
)
FCR_PROVISIONAL_CLOSED = _counter(
    "fcr_provisional_closed",
    "First contacts of a case that closed after an agent had them, spam and duplicates apart.",
    "At Resolved and Closed.",
    "Denominator of provisional first-contact resolution (per desk).",
)
FCR_PROVISIONAL_RESOLVED = _counter(
    "fcr_provisional_resolved",
    "Of fcr_provisional_closed, those that were resolved; too high by the repeats that follow.",
    "At Resolved, with fcr_provisional_closed.",
    "Provisional FCR = fcr_provisional_resolved / fcr_provisional_closed.",
)
FCR_MATURED = _counter(
    "fcr_matured",
    "Cases whose repeat window is over; labels are those of the case's first contact.",
    "At ResolutionConfirmed.",
    "Denominator of first-contact resolution (per desk; speaks of the window before).",
    _WINDOW,
)
FCR_RESOLVED = _counter(
    "fcr_resolved",
    "Of fcr_matured, those settled by their first contact with nothing coming back.",
    "At ResolutionConfirmed, with fcr_matured.",
    "First-contact resolution = fcr_resolved / fcr_matured.",
    _WINDOW,
)
FCR_UNATTRIBUTABLE = _counter(
    "fcr_unattributable",
    "First contacts closed whose customer is unknown, so that no repeat can be seen; in no FCR.",
    "At Resolved and Closed.",
    "Share that FCR cannot judge = unattributable / (unattributable + fcr_provisional_closed).",
)
REPEATS = _counter(
    "repeat_contacts",
    "Contacts that came back to a closed case, settled or not; within = time since the closing, disjoint.",
    "At Reopened; labels are those of the case's first contact.",
    "Repeats = repeat_contacts / contacts_arrived.",
    Label("within", ("1d", "7d", "later"), ("1d", "7d", "later")),
)
HANDLED = _counter(
    "contacts_handled",
    "Contacts closed after an agent had them, by their first queue.",
    "Once per contact, at its closing.",
    "Denominator of escalation, consults and transfers.",
)
CONTACTS_ESCALATED = _counter(
    "contacts_escalated",
    "Handled contacts with at least one hand-off to higher authority.",
    "With contacts_handled.",
    "Escalation = contacts_escalated / contacts_handled.",
)
ESCALATIONS = _counter(
    "escalations",
    "Hand-offs to higher authority.",
    "At Escalated.",
    "For operations; over handled contacts use contacts_escalated.",
    Label(
        "reason",
        ("lacks_authority", "customer_wants_manager", OTHER),
        ("lacks_authority", "customer_wants_manager"),
    ),
)
CONSULTS = _counter(
    "consults",
    "Requests for help (advice or approval) that ended; the owner kept the customer.",
    "At ConsultEnded.",
    "Consult instead of escalation = consults / (consults + escalations).",
    Label(
        "result",
        ("granted", "refused", "advice", "expired", "cancelled", OTHER),
        ("granted", "refused", "advice", "expired", "cancelled"),
    ),
)
TRANSFERS = _counter(
    "transfers",
    "Hand-overs that a receiver accepted.",
    "At Transferred.",
    "Transfers per contact = transfers / contacts_handled.",
    Label("kind", ("agent", "queue", "external"), ("agent",)),
    Label("reason", TRANSFER_REASONS, TRANSFER_REASONS[:4]),
)
TRANSFERS_PER_CONTACT = _histogram(
    "transfers_per_contact",
    "Hand-overs accepted per handled contact, zeros included; above 2 is a broken invariant.",
    "With contacts_handled.",
    "Contacts with a transfer = 1 - bucket 0 / _count; chains = 1 - bucket 1 / _count.",
    bounds=HOP_BOUNDS,
)
OFFERS = _counter(
    "offers",
    "Offers of a contact to an agent, by whether the agent's authority covers the need as estimated then.",
    "At Offered.",
    "Authority gap = authority=short / all.",
    Label("authority", ("covers", "short", "unknown"), ("covers", "short", "unknown")),
)
OFFERS_ENDED = _counter(
    "offers_ended",
    "Offers that ended; rescinded = the customer left or the agent was lost.",
    "At Assigned with an offer (accepted) and at OfferEnded.",
    "Acceptance = accepted / all.",
    Label(
        "result",
        ("accepted", "declined", "expired", "rescinded", OTHER),
        ("accepted", "declined", "expired", "rescinded"),
    ),
)

_MENTION_KIND = Label("kind", ("mention", "review"), ("mention", "review"))
MENTIONS = _counter(
    "mentions",
    "Mentions and reviews by people who did not write to us; later = counted as false before, then edited.",
    "At MentionNoted: once when first seen, and once more (later) when an edit makes a contact of it.",
    "All of them = addressed true + false; made a contact = true + later.",
    _MENTION_KIND,
    Label("sentiment", ("positive", "neutral", "negative", OTHER), ("positive", "neutral", "negative")),
    Label("addressed", ("true", "false", "later"), ("true", "false", "later")),
    channels=("social",),
    queued=False,
)
MENTIONS_ANSWERED = _counter(
    "mentions_answered",
    "Mentions and reviews that a person of ours answered.",
    "At Answered by a human, once per contact that was one; at MentionAnswered, once for one that is no contact.",
    "Answered mentions = mentions_answered / mentions (addressed true + false).",
    _MENTION_KIND,
    channels=("social",),
    queued=False,
)

MEASURES: tuple[Measure, ...] = (
    CONTACT_WAIT,
    CONTACT_WAIT_SQUARES,
    QUEUE_WAIT,
    FIRST_RESPONSE,
    ARRIVED,
    OFFERED,
    ABANDONED,
    PROMISES,
    FCR_PROVISIONAL_CLOSED,
    FCR_PROVISIONAL_RESOLVED,
    FCR_MATURED,
    FCR_RESOLVED,
    FCR_UNATTRIBUTABLE,
    REPEATS,
    HANDLED,
    CONTACTS_ESCALATED,
    ESCALATIONS,
    CONSULTS,
    TRANSFERS,
    TRANSFERS_PER_CONTACT,
    OFFERS,
    OFFERS_ENDED,
    MENTIONS,
    MENTIONS_ANSWERED,
)
"""In the order of export."""

PIPELINE: dict[str, tuple[str, str]] = {
    "frontdesk_metrics_watermark_timestamp_seconds": (
        "gauge",
        "Newest decided_at folded, in seconds since the epoch; time() minus it is the age of every measure.",
    ),
    "frontdesk_decisions_folded_total": (
        "counter",
        "Decision records read, by whether the chain accepted or rejected them.",
    ),
    "frontdesk_events_unknown_total": (
        "counter",
        "Events in accepted decisions of a kind unknown to this version; above 0 asks for an upgrade.",
    ),
    "frontdesk_events_duplicate_total": (
        "counter",
        "Decision records delivered again and skipped by this process.",
    ),
    "frontdesk_metrics_gaps_total": (
        "counter",
        "Times this process was given a record too early and went back for those before it.",
    ),
    "frontdesk_metrics_rebuilds_total": (
        "counter",
        "Partitions that this process folded again from the log's start because stored rows did not add up.",
    ),
    "frontdesk_table_recovery_remaining": (
        "gauge",
        "Changelog records that this process has still to read before it can go on.",
    ),
    "frontdesk_partitions_assigned": ("gauge", "Decision partitions that this process owns."),
    "frontdesk_partitions_ready": ("gauge", "Of these, those recovered and exported."),
    "frontdesk_queue_info": ("gauge", "1 for each queue in force, to join its desk."),
}
"""Pipeline facts: type and meaning. The first three carry `partition`, the rest are the process's own."""


def meaningful(measure: Measure, channel: str, values: tuple[str, ...]) -> bool:
    """False for what cannot be: a mail is not abandoned, so it has no series for it (operations.md 1.1)."""
    if channel not in measure.channels:
        return False
    return not (channel == "email" and any(value.startswith("abandoned") for value in values))
