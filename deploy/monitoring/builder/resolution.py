"""The board of the manager: what was settled at the first contact, who else was needed, what customers say."""

from __future__ import annotations

from deploy.monitoring.builder.customers import CUSTOMERS
from deploy.monitoring.builder.grafana import Board, Panel, Row, Target
from deploy.monitoring.builder.panels import (
    AGE,
    QUEUE_AND_CHANNEL,
    against_past,
    counts,
    exact,
    flow,
    grown,
    share_panel,
)
from deploy.monitoring.builder.promql import RANGE, share

_QUEUE = 'queue=~"$queue"'


_REVISED_DOWN, _REVISED_UP = (
    grown("fcr_revised_total", RANGE, where=f'direction="{direction}"') for direction in ("down", "up")
)

RESOLVED = Row(
    "Settled at the first contact",
    (
        share_panel(
            "First-contact resolution, matured",
            "Cases whose repeat window is over and that their first contact settled, over all channels (requirement S1.2). "
            "fcr_resolved / fcr_matured; it speaks of the week before, per desk.",
            "fcr_resolved_total",
            "fcr_matured_total",
            bad_below=0.75,
        ),
        share_panel(
            "First-contact resolution, provisional",
            "First contacts that closed as resolved: there at once, and too high by the repeats that follow. "
            "fcr_provisional_resolved / fcr_provisional_closed.",
            "fcr_provisional_resolved_total",
            "fcr_provisional_closed_total",
        ),
        Panel(
            "Provisional, as known now",
            "The provisional one less the cases that came back after all, and with those whose return was taken back. "
            "(fcr_provisional_resolved - fcr_revised down + up) / fcr_provisional_closed.",
            "percentunit",
            (
                Target(
                    share(
                        f"({grown('fcr_provisional_resolved_total', RANGE)} - {_REVISED_DOWN} + {_REVISED_UP})",
                        grown("fcr_provisional_closed_total", RANGE),
                    ),
                    "share",
                ),
            ),
            kind="stat",
            width=4,
            height=5,
            decimals=1,
        ),
        Panel(
            "Cannot be judged",
            "First contacts of customers whom nobody knows, so that no repeat can be seen; they are in no FCR. "
            "fcr_unattributable / (fcr_unattributable + fcr_provisional_closed).",
            "percentunit",
            (
                Target(
                    share(
                        grown("fcr_unattributable_total", RANGE),
                        f"({grown('fcr_unattributable_total', RANGE)} + {grown('fcr_provisional_closed_total', RANGE)})",
                    ),
                    "share",
                ),
            ),
            kind="stat",
            width=4,
            height=5,
            decimals=1,
        ),
        share_panel(
            "Came back",
            "Contacts that came back to a closed case, of all that arrived. repeat_contacts / contacts_arrived.",
            "repeat_contacts_total",
            "contacts_arrived_total",
        ),
        AGE,
        Panel(
            "First-contact resolution by queue",
            "Matured over the last seven days, by the queue of the case's first contact.",
            "percentunit",
            (Target(f"1 - queue:frontdesk_fcr_missed:ratio_increase7d{{{_QUEUE}}}", "{{queue}}"),),
            share=True,
            bad_below=0.75,
        ),
        counts(
            "Came back after",
            "Contacts that came back to a closed case, by the time since its closing; each is in one bar.",
            "repeat_contacts_total",
            "within",
        ),
        against_past("Came back, against the past", "Repeats / arrived.", "repeats"),
        exact(
            "Last hour, day and week, exact",
            "Settled at the first contact, came back, escalated, satisfied, over windows of event time. "
            "frontdesk_window_numerator / frontdesk_window_denominator.",
            "fcr|fcr_provisional|repeat_rate|escalation|satisfaction",
        ),
    ),
)

OTHERS = Row(
    "Who else was needed",
    (
        share_panel(
            "Escalated",
            "Handled contacts with a hand-off to higher authority (requirement S1.3). contacts_escalated / "
            "contacts_handled. 5 to 15 % is called typical; below, ask whether people dare to ask.",
            "contacts_escalated_total",
            "contacts_handled_total",
        ),
        Panel(
            "Consulted instead",
            "Help that was asked for while the owner kept the customer, of all times that somebody else was needed "
            "(requirement S3.5). consults / (consults + escalations).",
            "percentunit",
            (
                Target(
                    share(
                        grown("consults_total", RANGE),
                        f"({grown('consults_total', RANGE)} + {grown('escalations_total', RANGE)})",
                    ),
                    "share",
                ),
            ),
            kind="stat",
            width=4,
            height=5,
            decimals=1,
        ),
        Panel(
            "Transfers a contact",
            "Hops per handled contact, zeros included. transfers_per_contact _sum / _count.",
            "short",
            (
                Target(
                    share(
                        grown("transfers_per_contact_sum", RANGE), grown("transfers_per_contact_count", RANGE)
                    ),
                    "hops",
                ),
            ),
            kind="stat",
            width=4,
            height=5,
            decimals=2,
            counted=grown("transfers_per_contact_count", RANGE),
        ),
        Panel(
            "Passed on",
            "Handled contacts with at least one hop, and with two or more (requirement S2.8). "
            "1 - bucket 0 / _count, and 1 - bucket 1 / _count, of transfers_per_contact.",
            "percentunit",
            tuple(
                Target(
                    "1 - "
                    + share(
                        grown("transfers_per_contact_bucket", RANGE, where=f'le="{bound}"'),
                        grown("transfers_per_contact_count", RANGE),
                    ),
                    words,
                )
                for bound, words in (("0.0", "once or more"), ("1.0", "twice or more"))
            ),
            kind="stat",
            width=6,
            height=5,
            decimals=1,
        ),
        Panel(
            "Passed on more than twice",
            "Must be 0: two hops are the most by construction. Above 0 pages (FrontdeskTooManyTransfers).",
            "short",
            (
                Target(
                    grown("transfers_per_contact_count", RANGE)
                    + " - "
                    + grown("transfers_per_contact_bucket", RANGE, where='le="2.0"'),
                    "contacts",
                ),
            ),
            kind="stat",
            width=6,
            height=5,
            decimals=0,
            bad_above=0.5,
        ),
        flow("Escalations by cause", "Hand-offs to higher authority.", "escalations_total", "reason"),
        flow(
            "Help by how it ended",
            "Advice and approvals; the owner kept the customer.",
            "consults_total",
            "result",
        ),
        flow("Transfers by cause", "Hops by their reason.", "transfers_total", "reason"),
        counts(
            "Hand-overs offered",
            "Offers of a contact that is handed over, by how they ended; unfilled: nobody accepted in time. "
            "transfer_offers.",
            "transfer_offers_total",
            "result",
        ),
        against_past("Escalation against the past", "Escalated / handled.", "escalation"),
        Panel(
            "Standard errors from the past",
            "How far each share of now lies from its own past, in standard errors: beyond 3 either way is no chance. "
            "(now - base) / sqrt(base (1 - base) / n); 0 until there is a past.",
            "short",
            tuple(
                Target(
                    f"queue:frontdesk_{name}:z{{{_QUEUE}}} or 0 * queue:frontdesk_{name}:n{{{_QUEUE}}}",
                    f"{name.replace('_', ' ')}, {{{{queue}}}}",
                )
                for name in ("abandonment", "escalation", "authority_gap", "satisfaction", "repeats")
            ),
        ),
    ),
)

AUTHORITY = Row(
    "The right to decide",
    (
        share_panel(
            "Offered without the right",
            "Offers to an agent whose authority falls short of the need as it was estimated then. offers{authority=short} / "
            "offers. No other router tells this.",
            "offers_total",
            "offers_total",
            part_where='authority="short"',
        ),
        share_panel(
            "A right was missing",
            "Times that an agent declined for want of authority or an owner asked for it, per handled contact. "
            "authority_shortfalls / contacts_handled.",
            "authority_shortfalls_total",
            "contacts_handled_total",
        ),
        share_panel(
            "Granted without asking",
            "Exceptions that the owner granted by their own right, of all that were granted (requirement S3.5). "
            "exceptions_granted{policy=own_grant} / all.",
            "exceptions_granted_total",
            "exceptions_granted_total",
            part_where='policy="own_grant"',
        ),
        counts(
            "Offers by authority",
            "covers, short, or unknown when nothing is estimated. offers.",
            "offers_total",
            "authority",
            width=6,
        ),
        counts(
            "Exceptions granted",
            "By the agent's own right, or approved by somebody who has it. exceptions_granted.",
            "exceptions_granted_total",
            "policy",
            width=6,
        ),
    ),
)

BOARD = Board(
    "frontdesk-resolution",
    "Frontdesk: Resolution and escalation",
    "For the manager: settled at the first contact, who else was needed, who had the right, what customers say. "
    "Requirements S1.2, S1.3, S2.1 to S2.3, S2.6, S2.9, S3.5.",
    (RESOLVED, OTHERS, AUTHORITY, CUSTOMERS),
    QUEUE_AND_CHANNEL,
    since="now-28d",
    refresh="5m",
)
