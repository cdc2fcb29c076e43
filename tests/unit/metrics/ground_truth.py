"""What /metrics must say of a partition's log, computed the slow and obvious way, sharing no code with the folds.

It lists the accepted records first, then asks one question per sample. Names and bounds are typed off
operations.md 1.1 and 1.2.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from services.contract import decisions as d
from services.contract.facts import Channel, Outcome
from tests.unit.metrics.stories import CHANNEL, QUEUES, Place, Story, open_stories, update_kind

Sample = tuple[str, tuple[tuple[str, str], ...]]
LIVE = [5, 10, 20, 40, 56, 90, 180, 300, 600, 1200, 1800, 3600]
RESPONSE = [60, 300, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800]
HANDLE = [30, 60, 120, 180, 300, 450, 600, 900, 1200, 1800, 3600, 7200]
SURVEY = [300, 900, 3600, 14400, 43200, 86400, 172800, 345600, 604800]
MARGIN = [20, 60, 300, 900, 3600, 14400, 86400]
HOPS = [0, 1, 2, 3, 5]
TOPICS = {"billing", "refund", "delivery"}
OUTBOUND = {
    *("update", "revised_time", "wait_notice", "reminder", "callback_offer", "followup", "thanks", "survey"),
    *("proactive", "goodwill"),
}
UPDATES = {"ack", "callback_offer", "reminder", "update", "revised_time"}
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


WINDOWS = {"1h": 4, "1d": 96, "7d": 672}
WINDOWED: list[tuple[str, str, str, dict[str, str]]] = [
    ("within_target", "numerator", "promises", {"promise": "target", "result": "kept"}),
    ("within_target", "denominator", "promises", {"promise": "target", "result": "kept"}),
    ("within_target", "denominator", "promises", {"promise": "target", "result": "broken"}),
    ("abandonment", "numerator", "contacts_abandoned", {}),
    ("abandonment", "denominator", "contacts_offered", {}),
    ("fcr", "numerator", "fcr_resolved", {}),
    ("fcr", "denominator", "fcr_matured", {}),
    ("fcr_provisional", "numerator", "fcr_provisional_resolved", {}),
    ("fcr_provisional", "denominator", "fcr_provisional_closed", {}),
    ("escalation", "numerator", "contacts_escalated", {}),
    ("escalation", "denominator", "contacts_handled", {}),
    ("repeat_rate", "numerator", "repeat_contacts", {}),
    ("repeat_rate", "denominator", "contacts_arrived", {}),
    ("satisfaction", "numerator", "survey_responses", {"score": "4"}),
    ("satisfaction", "numerator", "survey_responses", {"score": "5"}),
    ("satisfaction", "denominator", "survey_responses", {}),
]


def _windowed(
    moved: list[tuple[int, Sample, int]], now: int, keep_quarters: int
) -> Iterator[tuple[Sample, int]]:
    """What moved in the last quarter hours, asked anew for each window."""
    newest = now // 900_000
    for window, quarters in WINDOWS.items():
        if quarters >= keep_quarters:
            continue
        for at, (name, labels), amount in moved:
            if at // 900_000 <= newest - quarters:
                continue
            for kpi, side, counted, where in WINDOWED:
                has = dict(labels)
                if name == f"frontdesk_{counted}_total" and all(has[k] == v for k, v in where.items()):
                    yield _plain(f"window_{side}", queue=has["queue"], kpi=kpi, window=window), amount


def samples(
    log: list[d.Decision], partition: int, *, window: str = "7d", keep_quarters: int = 768
) -> dict[Sample, float]:
    """Every sample above 0 that the log's partition has among the measures, and its decision counts.

    Also what stands at its end, but for ages, which depend on when one asks. `window` is the label of the desk's own
    repeat window, `keep_quarters` what the service keeps apart.
    """
    chain = accepted(log)
    milli: Counter[Sample] = Counter()
    places: dict[str, Place] = {}
    moved: list[tuple[int, Sample, int]] = []
    now, counted_to = 0, dict[str, int]()
    for record in chain:
        now = max(now, record.decided_at_ms)
        if any(isinstance(event, d.DeskApplied) for event in record.events):
            places.setdefault(record.desk_id, Place())
            counted_to.setdefault(record.desk_id, now)
        beat = any(isinstance(event, d.HeartbeatPassed) for event in record.events)
        for desk_id in list(places) if beat else [record.desk_id] if record.events else []:
            for state, agents in places[desk_id].agents().items() if desk_id in places else ():
                key = _desk_sample("agent_time_seconds", desk_id, state=state)
                milli[key] += agents * (now - counted_to[desk_id])
            if desk_id in places:
                counted_to[desk_id] = now
        place = places.get(record.desk_id) or Place()
        for event in record.events:
            for sample, amount in (*_moved(event, record), *_moved_by_story(event, record, place, now)):
                milli[sample] += amount
                moved.append((now, sample, amount))
            place.tell(event, now)
    for sample, amount in _windowed(moved, now, keep_quarters):
        milli[sample] += amount
    found: dict[Sample, float] = {}
    for (name, labels), amount in milli.items():
        scale = 1
        if name.endswith("_seconds_sum") or name == "frontdesk_agent_time_seconds_total":
            scale = 1_000
        elif name.endswith("square_seconds_total"):
            scale = 1_000_000
        found[name, labels] = amount / scale
    for sample, value in _standing(places):
        found[sample] = found.get(sample, 0) + value
    found = {
        (
            name,
            tuple(
                sorted(
                    (label, window if label == "window" and "fcr" in name else word)
                    for label, word in (*labels, ("partition", str(partition)))
                )
            ),
        ): value
        for (name, labels), value in found.items()
    }
    for verdict, number in (("accepted", len(chain)), ("rejected", len(log) - len(chain))):
        key = "frontdesk_decisions_folded_total", (("partition", str(partition)), ("verdict", verdict))
        found[key] = number
    return {sample: value for sample, value in found.items() if value}


def _standing(places: dict[str, Place]) -> Iterator[tuple[Sample, float]]:
    """What stands at the end of the log, long after every deadline in it."""
    stories = open_stories(places.values())
    for story in stories:
        yield _plain("contacts_open", state=story.state()), 1
        if story.deadline():
            yield _plain("contacts_overdue", state=story.state()), 1
        if story.waits():
            yield _plain("queue_depth", channel=story.channel, queue=story.queue() or "other"), 1
    for desk_id, place in places.items():
        yield _plain("updates_overdue"), len(place.due)
        for state, agents in place.agents().items():
            yield _plain("agents", desk=desk_id, state=state), agents
        yield _plain("desk_overloaded", desk=desk_id), int(place.overloaded)
        for change in place.changes:
            yield _plain("change_info", desk=desk_id, change=change), 1


def _moved_by_story(
    event: d.Event | None, record: d.Decision, place: Place, now: int
) -> Iterator[tuple[Sample, int]]:
    """What depends on what happened to the contact before."""
    story = place.stories.get(getattr(event, "contact_id", ""))
    match event:
        case d.ContactOpened():
            left_at = place.left.get(event.case_id)
            if left_at is not None and now - left_at <= 86_400_000:
                yield _one("reattempts", event.channel, _first_queue(event, record))
        case d.ContactQueued() if story is not None and story.first_promise() is None:
            began, queue = story.leg_began(), event.queue_id if event.queue_id in QUEUES else "other"
            if began is not None and story.queue() != queue:
                yield _at("contacts_offered", story)
                yield from _hist("queue_wait_seconds", LIVE, now - began, 1_000, story, outcome="flow_out")
            if began is None or story.queue() != queue:
                yield _labelled("contacts_queued_total", story.channel, queue), 1
        case d.Offered() if story is not None and story.waits():
            if story.leg_began() is None and story.first_promise() is None:
                queue = event.queue_id if event.queue_id in QUEUES else "other"
                yield _labelled("contacts_queued_total", story.channel, queue), 1
        case d.Assigned():
            yield from _assigned(event, record, story, now)
        case d.CallbackPromised():
            if event.replaces_at_ms:
                yield _one("promises_revised", event.channel, event.queue_id)
                yield _one("updates_due", event.channel, event.queue_id, kind="revised_time")
            if story is not None and (began := story.leg_began()) is not None:
                yield from _hist("queue_wait_seconds", LIVE, now - began, 1_000, story, outcome="callback")
        case d.Closed() if story is not None and (began := story.leg_began()) is not None:
            yield from _hist("queue_wait_seconds", LIVE, now - began, 1_000, story, outcome="cancelled")
        case d.Answered() if story is not None and event.kind == "human":
            if not (story.had or story.answered) and story.opened.due_at_ms:
                where = story.channel, event.queue_id if event.queue_id in QUEUES else "other"
                yield from _kept("due", story.opened.due_at_ms, story, where, now)
        case d.HelpRequested() | d.HandoverStarted() if event.approver:
            yield _at("authority_shortfalls", story, found="contact")
        case d.HandoverEnded() if event.reason == "unfilled":
            yield _at("transfer_offers", story, result="unfilled")
        case d.ResolutionConfirmed() if event.first_contact and event.case_id in place.revised:
            yield _one("fcr_revised", event.channel, event.queue_id, direction="up")
        case d.ExceptionGranted():
            yield _at("exceptions_granted", story, policy="approved" if event.approver_id else "own_grant")
        case d.OfferEnded() if story is not None and story.state() == "handing_over":
            result = OFFER.get(event.result, "other")
            yield _one("transfer_offers", event.channel, event.queue_id, result=result)
    if isinstance(event, d.Abandoned | d.Closed) and story is not None:
        yield from _void(story)
    if isinstance(event, d.Resolved | d.Closed) and story is not None:
        assert event.tally is not None
        if event.tally.handled:
            first = event.tally.channel, event.tally.first_queue_id
            handled = story.handled_ms(now)
            yield from _seen("contact_handle_seconds", HANDLE, handled, 1_000, first)
            yield _one("contact_handle_square_seconds", *first)[0], handled**2
    if isinstance(event, d.Answered | d.OutboundNoted):
        kind = "answer" if getattr(event, "kind", "") == "human" else event.kind
        due_at = place.due.get((kind, event.contact_id))
        if due_at is not None and now - due_at <= 300_000:
            yield _one("updates_sent_on_time", event.channel, event.queue_id, kind=kind)
    if isinstance(event, d.Resolved | d.Closed) and event.tally is not None and event.tally.handled:
        topic = event.tally.topic_id if event.tally.topic_id in TOPICS else "other"
        yield _desk_sample("contacts_handled_by_topic", record.desk_id, topic=topic), 1
    if isinstance(event, d.OverloadBegan):
        yield _desk_sample("overflow_activations", record.desk_id), 1
    if isinstance(event, d.ChangeNoted):
        yield _desk_sample("changes_marked", record.desk_id), 1


def _assigned(
    event: d.Assigned, record: d.Decision, story: Story | None, now: int
) -> Iterator[tuple[Sample, int]]:
    called_back = story is not None and story.first_promise() is not None
    if event.first:
        outcome = "callback" if called_back else "answered"
        yield from _seen(
            "contact_wait_seconds", LIVE, event.wait_since_arrival_ms, 1_000, event, outcome=outcome
        )
        if not called_back:
            yield _one("contacts_offered", event.channel, event.queue_id)
            square = _one("contact_wait_square_seconds", event.channel, event.queue_id)[0]
            yield square, event.wait_since_arrival_ms**2
    transferred = [e.contact_id for e in record.events if isinstance(e, d.Transferred)]
    if event.contact_id not in transferred and not called_back:
        yield from _seen(
            "queue_wait_seconds", LIVE, event.wait_since_queue_ms, 1_000, event, outcome="answered"
        )
    if story is None:
        return
    if story.state() == "handing_over":
        yield _one("transfer_offers", event.channel, event.queue_id, result="accepted")
    queue = event.queue_id if event.queue_id in QUEUES else "other"
    where = CHANNEL.get(event.channel, "other"), queue
    if event.first and not story.answered:
        if story.opened.target_at_ms:
            yield from _margin("target", story.opened.target_at_ms, where, now)
        if story.opened.due_at_ms:
            yield from _kept("due", story.opened.due_at_ms, story, where, now)
    promise = story.first_promise()
    if promise is not None:
        yield from _kept("callback", promise.due_at_ms, story, where, now)


def _kept(
    promise: str, promised: int, story: Story, where: tuple[str, str], now: int
) -> Iterator[tuple[Sample, int]]:
    if not story.missed(promise):
        yield _labelled("promises_total", *where, result="kept", promise=promise), 1
    yield from _margin(promise, promised, where, now)


def _margin(promise: str, promised: int, where: tuple[str, str], now: int) -> Iterator[tuple[Sample, int]]:
    side = "early" if now <= promised else "late"
    for name, amount in _buckets("promise_margin_seconds", MARGIN, abs(promised - now), 1_000):
        le = {"le": name[1]} if name[1] else {}
        yield _labelled(name[0], *where, side=side, promise=promise, **le), amount


def _void(story: Story) -> Iterator[tuple[Sample, int]]:
    nobody = not (story.had or story.answered)
    for promise, is_open in (
        ("target", nobody and story.opened.target_at_ms > 0),
        ("due", nobody and story.opened.due_at_ms > 0),
        ("callback", story.first_promise() is not None),
    ):
        if is_open and not story.missed(promise):
            yield _at("promises", story, result="void", promise=promise)


def _first_queue(event: d.ContactOpened, record: d.Decision) -> str:
    return next(
        (
            other.queue_id
            for other in record.events
            if isinstance(other, d.ContactQueued | d.Offered) and other.contact_id == event.contact_id
        ),
        "",
    )


def _moved(event: d.Event, record: d.Decision) -> Iterator[tuple[Sample, int]]:
    match event:
        case d.ContactOpened():
            queue = _first_queue(event, record)
            yield _one("contacts_arrived", event.channel, queue)
            if event.complaint:
                yield _one("complaints", event.channel, queue, public=str(event.public).lower())
        case d.Assigned():
            if event.first and event.within_target:
                yield _one("promises", event.channel, event.queue_id, result="kept", promise="target")
            if event.offer_id:
                yield _one("offers_ended", event.channel, event.queue_id, result="accepted")
            if event.hop:
                yield _one("transfers", event.channel, event.queue_id, kind="queue", reason="owner_busy")
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
            promise = event.promise if event.promise in ("target", "due", "callback") else "other"
            yield _one("promises", event.channel, event.queue_id, result="broken", promise=promise)
        case d.Answered():
            yield from _seen(
                "first_response_seconds", RESPONSE, event.after_ms, 1_000, event, kind=event.kind
            )
            if event.complaint and event.kind == "human":
                public = str(event.public).lower()
                yield from _seen(
                    "complaint_response_seconds", RESPONSE, event.after_ms, 1_000, event, public=public
                )
            kind = {"human": "answer"}.get(event.kind, event.kind)
            yield _one("outbound", event.channel, event.queue_id, kind=kind)
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
            if event.reason == "lacks_authority":
                yield _one("authority_shortfalls", event.channel, event.queue_id, found="offer")
        case d.Escalated():
            reason = (
                event.reason if event.reason in ("lacks_authority", "customer_wants_manager") else "other"
            )
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
            if event.first_contact:
                yield _one("fcr_revised", event.channel, event.queue_id, direction="down")
        case d.MessageDue():
            yield _one("updates_due", event.channel, event.queue_id, kind=update_kind(event.kind))
        case d.OutboundNoted():
            kind = event.kind if event.kind in OUTBOUND else "other"
            yield _one("outbound", event.channel, event.queue_id, kind=kind)
            if event.kind == "survey":
                yield _one("surveys_sent", event.channel, event.queue_id)
            if event.kind == "followup":
                yield _one("followups_sent", event.channel, event.first_queue_id or event.queue_id)
        case d.SurveyNoted() if event.score in range(1, 6):
            yield _one("survey_responses", event.channel, event.queue_id, score=str(event.score))
            if event.after_ms > 0:
                yield from _seen("survey_delay_seconds", SURVEY, event.after_ms, 1_000, event)
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
    if isinstance(event, d.Resolved):
        yield _one("followups_due", *place)
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
    for (part, le), amount in _buckets(name, bounds, value, scale):
        yield _sample(f"frontdesk_{part}", channel, queue, {**labels, **({"le": le} if le else {})}), amount


def _hist(
    name: str, bounds: list[int], value: int, scale: int, story: Story, **labels: str
) -> Iterator[tuple[Sample, int]]:
    for (part, le), amount in _buckets(name, bounds, value, scale):
        more = {"le": le} if le else {}
        yield _labelled(part, story.channel, story.queue() or "other", **labels, **more), amount


def _buckets(name: str, bounds: list[int], value: int, scale: int) -> Iterator[tuple[tuple[str, str], int]]:
    value = max(0, value)
    for bound in (*bounds, None):
        if bound is None or value <= bound * scale:
            yield (f"{name}_bucket", "+Inf" if bound is None else f"{float(bound)!r}"), 1
    yield (f"{name}_count", ""), 1
    yield (f"{name}_sum", ""), value


def _at(name: str, story: Story | None, **labels: str) -> tuple[Sample, int]:
    where = ("other", "other") if story is None else (story.channel, story.queue() or "other")
    return _labelled(f"{name}_total", *where, **labels), 1


def _labelled(name: str, channel: str, queue: str, **labels: str) -> Sample:
    return _plain(name, channel=channel, queue=queue, **labels)


def _desk_sample(name: str, desk_id: str, **labels: str) -> Sample:
    return _plain(f"{name}_total", desk=desk_id, **labels)


def _plain(name: str, **labels: str) -> Sample:
    return f"frontdesk_{name}", tuple(sorted(labels.items()))


def _sample(name: str, channel: Channel, queue: str, labels: dict[str, str]) -> Sample:
    place = {
        "channel": CHANNEL.get(channel, "other"),
        "queue": queue if queue in QUEUES else "other",
    }
    return name, tuple(sorted({**place, **labels}.items()))
