"""Measures of single contacts: waits, promises, resolution, who else was needed, offers, mentions (operations.md 1.2)."""

from __future__ import annotations

from services.metrics.measure import (
    HANDLE_BOUNDS,
    HOP_BOUNDS,
    LIVE_BOUNDS,
    MARGIN_BOUNDS,
    OTHER,
    RESPONSE_BOUNDS,
    Label,
    counter,
    histogram,
)

OUTCOMES = ("answered", "abandoned", "abandoned_short", "callback", "flow_out", "cancelled")
TRANSFER_REASONS = (
    "lacks_authority",
    "wrong_topic",
    "stuck",
    "customer_wants_manager",
    "owner_busy",
    OTHER,
)
"""Those that owners give, and the one that a contact waited and its owner had no room."""
PROMISE_KINDS = ("target", "due", "callback", OTHER)
WINDOWS = ("1d", "7d", "14d", "30d", OTHER)

_WAIT_OUTCOMES = (*OUTCOMES[:4], "cancelled")
_OUTCOME = Label("outcome", _WAIT_OUTCOMES, _WAIT_OUTCOMES)
_LEG_OUTCOME = Label("outcome", OUTCOMES, OUTCOMES)
_WINDOW = Label("window", WINDOWS)

CONTACT_WAIT = histogram(
    "contact_wait_seconds",
    "Wait since the contact first arrived, in seconds, by how it ended.",
    "Once per contact: at the first Assigned (callback = it was called back), at Abandoned, or at an end without agent.",
    "Mean wait = _sum / _count; share within X = bucket X / offered.",
    _OUTCOME,
    bounds=LIVE_BOUNDS,
    scale=1000,
)
CONTACT_WAIT_SQUARES = counter(
    "contact_wait_square_seconds",
    "Sum of squared waits since arrival of answered contacts, in square seconds.",
    "With contact_wait_seconds{outcome=answered}.",
    "Coefficient of variation = sqrt(squares/n - (sum/n)^2) / (sum/n).",
    scale=1_000_000,
)
QUEUE_WAIT = histogram(
    "queue_wait_seconds",
    "Wait since this entry into the queue, in seconds, by how it ended; ringing is part of it.",
    "Once per leg, when it leaves the queue: Assigned, Abandoned, call-back promised, another queue, or closed.",
    "Average speed of answer = _sum / _count of outcome=answered; service level X = bucket X of answered / _count of "
    "answered, abandoned, abandoned_short and flow_out.",
    _LEG_OUTCOME,
    bounds=LIVE_BOUNDS,
    scale=1000,
)
FIRST_RESPONSE = histogram(
    "first_response_seconds",
    "Time from arrival to the first answer, in seconds; an acknowledgement (ack) stays apart from a person.",
    "At Answered, once per contact and kind.",
    "Answered within a day = bucket 86400 / _count.",
    Label("kind", ("ack", "human", OTHER), ("ack", "human")),
    channels=("email", "social"),
    bounds=RESPONSE_BOUNDS,
    scale=1000,
)
ARRIVED = counter(
    "contacts_arrived",
    "Contacts that arrived; the queue is the one that the same decision put them into, else other.",
    "At ContactOpened.",
    "Denominator of repeats.",
)
QUEUED = counter(
    "contacts_queued",
    "Entries into a queue, offered at once or not; a contact that waits again enters again.",
    "At ContactQueued or Offered, whichever begins the leg.",
    "Service level leftX_per_queued = bucket X of all outcomes / contacts_queued.",
)
OFFERED = counter(
    "contacts_offered",
    "Contacts put before the desk: they left the queue answered, abandoned or to another queue.",
    "At the first Assigned (no call-back), at Abandoned, and when another queue takes a waiting contact.",
    "Denominator of abandonment; contacts, where the service level counts legs.",
)
ABANDONED = counter(
    "contacts_abandoned",
    "Contacts whose customer left before an agent had them; short = after at most 5 s since arrival.",
    "At Abandoned.",
    "Abandonment = abandoned / offered; without short ones (abandoned - short) / (offered - short).",
    Label("short", ("true", "false"), ("true", "false")),
    channels=("phone", "social"),
)
PROMISES = counter(
    "promises",
    "Promises of time that were kept, broken, or void since the customer left before the deadline.",
    "kept: at the answer or call-back in time; broken: when the deadline passes (TargetMissed); void: at leaving.",
    "Within the promise = kept / (kept + broken), by promise: target wait, answer due, call-back.",
    Label("result", ("kept", "broken", "void"), ("kept", "broken", "void")),
    Label("promise", PROMISE_KINDS, PROMISE_KINDS[:3]),
)
PROMISES_REVISED = counter(
    "promises_revised",
    "Call-backs whose promised time was replaced by a later one, told before the old one passed.",
    "At CallbackPromised that replaces another.",
    "Revised promises / call-backs = promises_revised / promises{promise=callback}.",
)
PROMISE_MARGIN = histogram(
    "promise_margin_seconds",
    "Seconds between what was promised first and its fulfilment; early and late are two positive halves.",
    "At fulfilment: first Assigned, first answer by a person, or the call-back.",
    "Mean margin = early _sum / _count; share ahead of time = early _count / both.",
    Label("side", ("early", "late"), ("early", "late")),
    Label("promise", PROMISE_KINDS, PROMISE_KINDS[:3]),
    bounds=MARGIN_BOUNDS,
    scale=1000,
)
FCR_PROVISIONAL_CLOSED = counter(
    "fcr_provisional_closed",
    "First contacts of a case that closed after an agent had them, spam and duplicates apart.",
    "At Resolved and Closed.",
    "Denominator of provisional first-contact resolution (per desk).",
)
FCR_PROVISIONAL_RESOLVED = counter(
    "fcr_provisional_resolved",
    "Of fcr_provisional_closed, those that were resolved; too high by the repeats that follow.",
    "At Resolved, with fcr_provisional_closed.",
    "Provisional FCR = fcr_provisional_resolved / fcr_provisional_closed.",
)
FCR_MATURED = counter(
    "fcr_matured",
    "Cases whose repeat window is over; labels are those of the case's first contact.",
    "At ResolutionConfirmed.",
    "Denominator of first-contact resolution (per desk; speaks of the window before).",
    _WINDOW,
)
FCR_RESOLVED = counter(
    "fcr_resolved",
    "Of fcr_matured, those settled by their first contact with nothing coming back.",
    "At ResolutionConfirmed, with fcr_matured.",
    "First-contact resolution = fcr_resolved / fcr_matured.",
    _WINDOW,
)
FCR_UNATTRIBUTABLE = counter(
    "fcr_unattributable",
    "First contacts closed whose customer is unknown, so that no repeat can be seen; in no FCR.",
    "At Resolved and Closed.",
    "Share that FCR cannot judge = unattributable / (unattributable + fcr_provisional_closed).",
)
FCR_REVISED = counter(
    "fcr_revised",
    "Corrections of fcr_provisional_resolved, which never falls: down = the case came back after all; up = the return was taken back.",
    "down: at Reopened of a case that its first contact had settled; up: at ResolutionConfirmed of such a case as settled by it.",
    "Provisional FCR as known now = (fcr_provisional_resolved - fcr_revised down + up) / fcr_provisional_closed.",
    Label("direction", ("down", "up"), ("down", "up")),
)
REPEATS = counter(
    "repeat_contacts",
    "Contacts that came back to a closed case, settled or not; within = time since the closing, disjoint.",
    "At Reopened; labels are those of the case's first contact.",
    "Repeats = repeat_contacts / contacts_arrived.",
    Label("within", ("1d", "7d", "later"), ("1d", "7d", "later")),
)
REATTEMPTS = counter(
    "reattempts",
    "Contacts of customers who had left before an agent had them, in the same case within a day.",
    "At ContactOpened, by the new contact's labels.",
    "Retries after abandonment = reattempts / contacts_abandoned; they are no repeats.",
)
HANDLED = counter(
    "contacts_handled",
    "Contacts closed after an agent had them, by their first queue.",
    "Once per contact, at its closing.",
    "Denominator of escalation, consults and transfers.",
)
CONTACTS_ESCALATED = counter(
    "contacts_escalated",
    "Handled contacts with at least one hand-off to higher authority.",
    "With contacts_handled.",
    "Escalation = contacts_escalated / contacts_handled.",
)
ESCALATIONS = counter(
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
CONSULTS = counter(
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
TRANSFERS = counter(
    "transfers",
    "Hops: a hand-over that a receiver accepted (agent), or a contact taken from an owner at work who had no room (queue).",
    "At Transferred, and at Assigned with a hop number.",
    "Transfers per contact = transfers / contacts_handled = transfers_per_contact _sum / _count, once all are closed.",
    Label("kind", ("agent", "queue", "external"), ("agent", "queue")),
    Label("reason", TRANSFER_REASONS, TRANSFER_REASONS[:5]),
)
TRANSFER_OFFERS = counter(
    "transfer_offers",
    "Offers of a contact that is handed over, by how they ended; unfilled = nobody accepted in time.",
    "At Assigned, OfferEnded and HandoverEnded while it is handed over.",
    "Refused hand-overs = (declined + expired) / all but unfilled.",
    Label(
        "result",
        ("accepted", "declined", "expired", "rescinded", "unfilled", OTHER),
        ("accepted", "declined", "expired", "rescinded", "unfilled"),
    ),
)
TRANSFERS_PER_CONTACT = histogram(
    "transfers_per_contact",
    "Hops per handled contact, hand-overs and those from the queue, zeros included; above 2 is a broken invariant.",
    "With contacts_handled.",
    "Contacts with a transfer = 1 - bucket 0 / _count; chains = 1 - bucket 1 / _count.",
    bounds=HOP_BOUNDS,
)
HANDLE_TIME = histogram(
    "contact_handle_seconds",
    "Time in agents' hands of handled contacts, talk and wrap-up, in seconds; waiting for the customer is not in it.",
    "With contacts_handled.",
    "Mean handle time = _sum / _count.",
    bounds=HANDLE_BOUNDS,
    scale=1000,
)
HANDLE_SQUARES = counter(
    "contact_handle_square_seconds",
    "Sum of squared handle times, in square seconds.",
    "With contact_handle_seconds.",
    "Coefficient of variation = sqrt(squares/n - (sum/n)^2) / (sum/n).",
    scale=1_000_000,
)
AUTHORITY_SHORTFALLS = counter(
    "authority_shortfalls",
    "Times that a right was missing: an agent declined for it (offer), or the owner asked for it (contact).",
    "At OfferEnded with lacks_authority; at HelpRequested and HandoverStarted where a right was missing.",
    "Shortfalls per contact = authority_shortfalls / contacts_handled.",
    Label("found", ("offer", "contact"), ("offer", "contact")),
)
EXCEPTIONS_GRANTED = counter(
    "exceptions_granted",
    "Decisions that need authority and were granted, by the agent's own grants or approved by somebody else.",
    "At ExceptionGranted.",
    "Granted without asking = own_grant / all.",
    Label("policy", ("own_grant", "approved"), ("own_grant", "approved")),
)
OFFERS = counter(
    "offers",
    "Offers of a contact to an agent, by whether the agent's authority covers the need as estimated then.",
    "At Offered.",
    "Authority gap = authority=short / all.",
    Label("authority", ("covers", "short", "unknown"), ("covers", "short", "unknown")),
)
OFFERS_ENDED = counter(
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
MENTIONS = counter(
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
MENTIONS_ANSWERED = counter(
    "mentions_answered",
    "Mentions and reviews that a person of ours answered.",
    "At Answered by a human, once per contact that was one; at MentionAnswered, once for one that is no contact.",
    "Answered mentions = mentions_answered / mentions (addressed true + false).",
    _MENTION_KIND,
    channels=("social",),
    queued=False,
)
