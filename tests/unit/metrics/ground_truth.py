"""What /metrics must say of a partition's log, computed the slow and obvious way, sharing no code with the folds.

It lists the accepted records first, then asks one question per sample. Names and bounds are typed off
operations.md 1.1 and 1.2.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from services.contract import decisions as d
from services.contract.facts import Channel, Outcome

Sample = tuple[str, tuple[tuple[str, str], ...]]
LIVE = [5, 10, 20, 40, 56, 90, 180, 300, 600, 1200, 1800, 3600]
RESPONSE = [60, 300, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800]
HOPS = [0, 1, 2, 3, 5]
CHANNEL = {Channel.PHONE: "phone", Channel.EMAIL: "email", Channel.SOCIAL: "social"}
QUEUES = {"calls", "post"}
ENDED = {1: "granted", 2: "refused", 3: "advice", 4: "expired", 5: "cancelled"}
TRANSFER = {1: "lacks_authority", 2: "wrong_topic", 3: "stuck", 4: "customer_wants_manager"}
OFFER = {1: "accepted", 2: "declined", 3: "expired", 4: "rescinded"}
COVER = {1: "covers", 2: "short"}


def accepted(log: Iterable[d.Decision]) -> list[d.Decision]:
    """The chain, found by walking from the genesis record."""
    chain: list[d.Decision] = []
    fact = -1
    for record in log:
        if not chain:
            if isinstance(record.cause, d.GenesisCause) and record.prev_id == 0:
                chain.append(record)
                fact = record.cause.first_fact_offset - 1
            continue
        wanted = fact + 1 if isinstance(record.cause, d.FactCause) else fact
        if record.prev_id != chain[-1].decision_id or isinstance(chain[-1].cause, d.CloseCause):
            continue
        if record.fact_offset != wanted or isinstance(record.cause, d.GenesisCause):
            continue
        chain.append(record)
        fact = wanted
    return chain


def samples(log: list[d.Decision], partition: int) -> dict[Sample, float]:
    """Every sample above 0 that the log's partition has among the measures, and its decision counts."""
    chain = accepted(log)
    milli: Counter[Sample] = Counter()
    for record in chain:
        desk_known = True  # the tests' desks are configured by their first facts
        for event in record.events:
            if desk_known:
                for sample, amount in _moved(event, record):
                    milli[sample] += amount
    found: dict[Sample, float] = {}
    for (name, labels), amount in milli.items():
        scale = 1
        if name.endswith("_seconds_sum"):
            scale = 1_000
        elif name.endswith("square_seconds_total"):
            scale = 1_000_000
        found[name, tuple(sorted((*labels, ("partition", str(partition)))))] = amount / scale
    for verdict, number in (("accepted", len(chain)), ("rejected", len(log) - len(chain))):
        key = "frontdesk_decisions_folded_total", (("partition", str(partition)), ("verdict", verdict))
        found[key] = number
    return {sample: value for sample, value in found.items() if value}


def _moved(event: d.Event, record: d.Decision) -> Iterator[tuple[Sample, int]]:
    match event:
        case d.ContactOpened():
            queue = next(
                (
                    other.queue_id
                    for other in record.events
                    if isinstance(other, d.ContactQueued | d.Offered) and other.contact_id == event.contact_id
                ),
                "",
            )
            yield _one("contacts_arrived", event.channel, queue)
        case d.Assigned():
            if event.first:
                yield _one("contacts_offered", event.channel, event.queue_id)
                yield from _seen(
                    "contact_wait_seconds",
                    LIVE,
                    event.wait_since_arrival_ms,
                    1_000,
                    event,
                    outcome="answered",
                )
                square = _one("contact_wait_square_seconds", event.channel, event.queue_id)[0]
                yield square, event.wait_since_arrival_ms**2
                if event.within_target:
                    yield _one("promises", event.channel, event.queue_id, result="kept", promise="target")
            transferred = [e.contact_id for e in record.events if isinstance(e, d.Transferred)]
            if event.contact_id not in transferred:
                yield from _seen(
                    "queue_wait_seconds", LIVE, event.wait_since_queue_ms, 1_000, event, outcome="answered"
                )
            if event.offer_id:
                yield _one("offers_ended", event.channel, event.queue_id, result="accepted")
        case d.Abandoned():
            assert event.tally is not None
            short = event.wait_since_arrival_ms <= 5_000
            channel, outcome = event.tally.channel, "abandoned_short" if short else "abandoned"
            yield _one("contacts_offered", channel, event.queue_id)
            yield _one("contacts_abandoned", channel, event.queue_id, short=str(short).lower())
            for name, wait_ms in (
                ("contact_wait_seconds", event.wait_since_arrival_ms),
                ("queue_wait_seconds", event.wait_since_queue_ms),
            ):
                yield from _seen(name, LIVE, wait_ms, 1_000, (channel, event.queue_id), outcome=outcome)
        case d.TargetMissed():
            promise = event.promise if event.promise in ("target", "due") else "other"
            yield _one("promises", event.channel, event.queue_id, result="broken", promise=promise)
        case d.Answered():
            yield from _seen(
                "first_response_seconds", RESPONSE, event.after_ms, 1_000, event, kind=event.kind
            )
            if event.mention and event.kind == "human":
                yield _one("mentions_answered", event.channel, "", kind=event.mention)
        case d.MentionAnswered():
            yield _one("mentions_answered", event.channel, "", kind=event.kind)
        case d.MentionNoted():
            if event.addressed or not event.again:
                at = ("false", "true", "", "later")[event.addressed + 2 * event.again]
                labels = {"kind": event.kind, "sentiment": event.sentiment, "addressed": at}
                yield _one("mentions", event.channel, "", **labels)
        case d.Offered():
            authority = COVER.get(event.authority, "unknown")
            yield _one("offers", event.channel, event.queue_id, authority=authority)
        case d.OfferEnded():
            yield _one("offers_ended", event.channel, event.queue_id, result=OFFER.get(event.result, "other"))
        case d.Escalated():
            reason = "lacks_authority" if event.reason == "lacks_authority" else "other"
            yield _one("escalations", event.channel, event.queue_id, reason=reason)
        case d.ConsultEnded():
            yield _one("consults", event.channel, event.queue_id, result=ENDED.get(event.result, "other"))
        case d.Transferred():
            reason = TRANSFER.get(event.reason, "other")
            yield _one("transfers", event.channel, event.queue_id, kind="agent", reason=reason)
        case d.Resolved() | d.Closed():
            yield from _closing(event)
        case d.Reopened():
            days = event.after_ms / 86_400_000
            within = "1d" if days <= 1 else "7d" if days <= 7 else "later"
            yield _one("repeat_contacts", event.channel, event.queue_id, within=within)
        case d.ResolutionConfirmed():
            yield _one("fcr_matured", event.channel, event.queue_id, window="7d")
            if event.first_contact:
                yield _one("fcr_resolved", event.channel, event.queue_id, window="7d")


def _closing(event: d.Resolved | d.Closed) -> Iterator[tuple[Sample, int]]:
    tally = event.tally
    assert tally is not None
    place = tally.channel, tally.first_queue_id
    if not tally.handled:
        if isinstance(event, d.Closed):
            yield from _seen("contact_wait_seconds", LIVE, tally.open_ms, 1_000, place, outcome="cancelled")
        return
    yield _one("contacts_handled", *place)
    yield from _seen("transfers_per_contact", HOPS, tally.transfers, 1, place)
    if tally.escalated:
        yield _one("contacts_escalated", *place)
    senseless = isinstance(event, d.Closed) and event.outcome in (Outcome.SPAM, Outcome.DUPLICATE)
    if tally.first_in_case and not senseless:
        if tally.unattributable:
            yield _one("fcr_unattributable", *place)
        else:
            yield _one("fcr_provisional_closed", *place)
            if isinstance(event, d.Resolved):
                yield _one("fcr_provisional_resolved", *place)


def _one(name: str, channel: Channel, queue: str, **labels: str) -> tuple[Sample, int]:
    return _sample(f"frontdesk_{name}_total", channel, queue, labels), 1


def _seen(
    name: str, bounds: list[int], value: int, scale: int, place: object, **labels: str
) -> Iterator[tuple[Sample, int]]:
    channel, queue = place if isinstance(place, tuple) else (place.channel, place.queue_id)  # type: ignore[attr-defined]
    for bound in (*bounds, None):
        if bound is None or value <= bound * scale:
            le = "+Inf" if bound is None else f"{float(bound)!r}"
            yield _sample(f"frontdesk_{name}_bucket", channel, queue, {**labels, "le": le}), 1
    yield _sample(f"frontdesk_{name}_count", channel, queue, labels), 1
    yield _sample(f"frontdesk_{name}_sum", channel, queue, labels), value


def _sample(name: str, channel: Channel, queue: str, labels: dict[str, str]) -> Sample:
    place = {
        "channel": CHANNEL.get(channel, "other"),
        "queue": queue if queue in QUEUES else "other",
    }
    return name, tuple(sorted({**place, **labels}.items()))
