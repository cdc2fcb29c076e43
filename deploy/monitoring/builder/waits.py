"""Rows of the board of the shift lead: how long customers waited, and what the people did."""

from __future__ import annotations

from deploy.monitoring.builder.grafana import Panel, Row, Target
from deploy.monitoring.builder.panels import counts, flow, grown, mean, quantiles, share_panel
from deploy.monitoring.builder.promql import CHOSEN, RANGE, STEP, durable, share

_WAITED = "contact_wait_seconds"
_PLACE = "channel, queue"
_ANSWERED = 'outcome="answered"'


def _longer(seconds: int) -> str:
    """Share of contacts that waited longer, answered or lost."""
    ended = 'outcome=~"answered|callback|abandoned|abandoned_short"'
    within = grown(f"{_WAITED}_bucket", RANGE, where=f'{ended}, le="{float(seconds)}"')
    return f"1 - {share(within, grown(f'{_WAITED}_count', RANGE, where=ended))}"


def _variation(sums: str, squares: str, n: str) -> str:
    """Standard deviation over mean, of sums (operations.md 1.3)."""
    return f"sqrt(clamp_min({squares} / {n} - ({sums} / {n}) ^ 2, 0)) / ({sums} / ({n} > 0))"


def _by_queue(name: str, where: str = "") -> str:
    return grown(name, RANGE, by="queue", where=where)


_SHORT = grown("contacts_abandoned_total", RANGE, where='short="true"')

FORMULAS = {
    "answered20_per_offered": "answered in 20 s / (answered + abandoned + passed on)",
    "answered20_per_answered": "answered in 20 s / answered",
    "left20_per_left": "(answered + abandoned) in 20 s / (answered + abandoned)",
    "left20_per_queued": "left in 20 s in any way / queued",
    "answered20_per_not_short": "answered in 20 s / (answered + left after 5 s + passed on)",
    "answered20_per_answered_or_late": "answered in 20 s / (answered + abandoned later)",
}
"""How others count the service level (operations.md 1.2); each is recorded under its name."""

WAITS = Row(
    "How long it took",
    (
        quantiles(
            "Wait until an agent",
            "Wait since arrival of answered contacts; transfers and call-backs do not restart it.",
            _WAITED,
            where=_ANSWERED,
            width=6,
        ),
        Panel(
            "Waited long",
            "Share of answered and lost contacts that waited more than 40 s, where one caller in seven has gone, and more "
            "than 56 s, what callers waited on average in 2013; no goals (requirement S2.8). 1 - bucket / all.",
            "percentunit",
            (Target(_longer(40), "over 40 s"), Target(_longer(56), "over 56 s")),
            kind="stat",
            width=6,
            height=5,
            decimals=1,
        ),
        share_panel(
            "Left without an agent",
            "Customers who left before an agent had them, of all that were put before the desk. abandoned / offered.",
            "contacts_abandoned_total",
            "contacts_offered_total",
        ),
        Panel(
            "Left after more than 5 s",
            "The same without those who left within 5 s. (abandoned - short) / (offered - short).",
            "percentunit",
            (
                Target(
                    share(
                        grown("contacts_abandoned_total", RANGE, where='short="false"'),
                        f"({grown('contacts_offered_total', RANGE)} - {_SHORT})",
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
            "Tried again",
            "Contacts of customers who had left within a day before an agent had them, of all that arrived; they are no "
            "repeats. reattempts / arrived.",
            "reattempts_total",
            "contacts_arrived_total",
        ),
        mean(
            "Average speed of answer",
            "Mean wait since entering the queue of answered legs, ringing included. queue_wait_seconds _sum / _count.",
            "queue_wait_seconds",
            _PLACE,
            where=_ANSWERED,
        ),
        counts(
            "Waits by length",
            "Contacts that waited at most so many seconds since arrival, whatever became of them; each bar holds those of "
            "the shorter ones. contact_wait_seconds_bucket.",
            f"{_WAITED}_bucket",
            "le",
        ),
        Panel(
            "Service level of calls by every formula in use",
            "The last hour. Other systems mean something else by service level: compare with the same formula. "
            + "; ".join(f"{name}: {meaning}" for name, meaning in FORMULAS.items())
            + ". Mean over the chosen queues.",
            "percentunit",
            tuple(
                Target(
                    f'avg(queue:frontdesk_service_level_{name}:ratio_increase1h{{channel="phone", queue=~"$queue"}})',
                    name,
                )
                for name in FORMULAS
            ),
            kind="bargauge",
            share=True,
            decimals=1,
        ),
        mean(
            "First answer",
            "Mean time from arrival to the first answer of mail and messages; an acknowledgement stays apart from a "
            "person. first_response_seconds _sum / _count.",
            "first_response_seconds",
            "channel, kind",
            width=6,
        ),
        Panel(
            "Same for every customer",
            "Coefficient of variation, 0 when all are alike (requirement S3.1): of waits of answered contacts, and of time in "
            "agents' hands. sqrt(squares / n - (sum / n)^2) / (sum / n).",
            "short",
            (
                Target(
                    _variation(
                        _by_queue(f"{_WAITED}_sum", _ANSWERED),
                        _by_queue("contact_wait_square_seconds_total"),
                        _by_queue(f"{_WAITED}_count", _ANSWERED),
                    ),
                    "wait, {{queue}}",
                ),
                Target(
                    _variation(
                        _by_queue("contact_handle_seconds_sum"),
                        _by_queue("contact_handle_square_seconds_total"),
                        _by_queue("contact_handle_seconds_count"),
                    ),
                    "handling, {{queue}}",
                ),
            ),
            kind="bargauge",
            width=6,
            decimals=2,
        ),
        mean(
            "Time in agents' hands",
            "Mean of talk and wrap-up of handled contacts, waiting for the customer apart. contact_handle_seconds _sum / "
            "_count.",
            "contact_handle_seconds",
            _PLACE,
            width=6,
        ),
        Panel(
            "Wait until an agent, as it goes",
            "Mean wait since arrival of contacts answered at that time, by channel.",
            "s",
            (
                Target(
                    share(
                        *(
                            f"sum by (channel) (rate({durable(f'frontdesk_{_WAITED}_{part}')}"
                            f"{{{CHOSEN}, {_ANSWERED}}}[{STEP}]))"
                            for part in ("sum", "count")
                        )
                    ),
                    "{{channel}}",
                ),
            ),
            width=6,
        ),
    ),
)

WORK = Row(
    "What came and who worked",
    (
        flow("Arrivals", "Contacts that arrived.", "contacts_arrived_total", "channel", width=6),
        flow(
            "Into queues",
            "Entries into a queue, offered at once or not.",
            "contacts_queued_total",
            "queue",
            width=6,
        ),
        flow(
            "Put before the desk",
            "Answered, abandoned or passed on.",
            "contacts_offered_total",
            "queue",
            width=6,
        ),
        flow(
            "Closed", "Contacts closed after an agent had them.", "contacts_handled_total", "channel", width=6
        ),
        Panel(
            "Occupancy",
            "Share of agents' time that went to customers: (contact + wrap-up) / (contact + wrap-up + idle); ringing and "
            "pauses are in neither.",
            "percentunit",
            (
                Target(
                    share(
                        grown("agent_time_seconds_total", RANGE, where='state=~"contact|wrapup"', chosen=""),
                        grown(
                            "agent_time_seconds_total", RANGE, where='state=~"contact|wrapup|idle"', chosen=""
                        ),
                    ),
                    "share",
                ),
            ),
            kind="stat",
            width=4,
            height=8,
            decimals=1,
        ),
        Panel(
            "Agents' time",
            "Agents at work by what they did, in agents. agent_time_seconds.",
            "short",
            (
                Target(
                    f"sum by (state) (rate({durable('frontdesk_agent_time_seconds_total')}[{STEP}]))",
                    "{{state}}",
                ),
            ),
            width=8,
            stacked=True,
        ),
        counts(
            "Offers by how they ended",
            "Offers of a contact to an agent; rescinded: the customer left or the agent was lost. offers_ended.",
            "offers_ended_total",
            "result",
            width=6,
        ),
        counts(
            "Times that a desk was overloaded",
            "Times that a desk had more work than time and said so; a step calls for colleagues (requirement S3.2). "
            "overflow_activations.",
            "overflow_activations_total",
            "desk",
            chosen="",
            width=6,
        ),
    ),
)
