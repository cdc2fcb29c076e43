"""KPIs three ways: as GetKpis answers, as counted from the log the slow way, as PromQL says."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from frontdesk.v1 import metrics_pb2
from tests.prometheus import Prometheus
from tests.unit.metrics.ground_truth import Sample


@dataclass(frozen=True)
class Count:
    """A series of the services, and what of it counts; alternatives stand between bars."""

    series: str
    where: Mapping[str, str] = field(default_factory=dict)

    def promql(self) -> str:
        """The larger of two replicas, then the sum: as the recording rules have it."""
        chosen = ", ".join(f'{label}=~"{words}"' for label, words in self.where.items())
        return f"sum(max without (pod, instance) (frontdesk_{self.series}{{{chosen}}}))"

    def of(self, samples: Mapping[Sample, float]) -> float:
        return sum(
            value
            for (name, labels), value in samples.items()
            if name == f"frontdesk_{self.series}"
            and all(dict(labels).get(label, "") in words.split("|") for label, words in self.where.items())
        )


@dataclass(frozen=True)
class Less:
    """A count without another."""

    count: Count
    less: Count

    def promql(self) -> str:
        return f"({self.count.promql()} - {self.less.promql()})"

    def of(self, samples: Mapping[Sample, float]) -> float:
        return self.count.of(samples) - self.less.of(samples)


@dataclass(frozen=True)
class Row:
    """One KPI: a count, or a share of the sum of others."""

    words: str
    name: str
    """In GetKpis."""
    part: Count | Less
    whole: tuple[Count | Less, ...] = ()
    key: str = ""
    """Where GetKpis has a map: its key there, such as a formula of the service level."""
    channel: str = ""
    """Of one channel; empty for all."""

    def told(self, ours: Mapping[str, metrics_pb2.KpiRow]) -> float | None:
        """What GetKpis says, by channel, "" for all; None where it says nothing."""
        row = ours.get(self.channel, metrics_pb2.KpiRow())
        if self.key:
            return getattr(row, self.name).get(self.key)  # type: ignore[no-any-return] # a map of numbers
        told: float | None = getattr(row, self.name) if not self.whole or row.HasField(self.name) else None
        return told

    def promql(self) -> str:
        if not self.whole:
            return self.part.promql()
        return f"{self.part.promql()} / (({' + '.join(one.promql() for one in self.whole)}) > 0)"

    def true(self, samples: Mapping[Sample, float]) -> float | None:
        """What the log says; None where there is nothing to divide by."""
        if not self.whole:
            return self.part.of(samples)
        whole = sum(one.of(samples) for one in self.whole)
        return self.part.of(samples) / whole if whole else None


@dataclass(frozen=True)
class Variation(Row):
    """Standard deviation over the mean: `part` is the sum, `whole` the number and the sum of squares."""

    def promql(self) -> str:
        mean, squares = self._means([self.part.promql(), *(one.promql() for one in self.whole)])
        return f"sqrt(clamp_min({squares} - {mean} ^ 2, 0)) / ({mean} > 0)"

    def true(self, samples: Mapping[Sample, float]) -> float | None:
        summed, (n, squares) = self.part.of(samples), (one.of(samples) for one in self.whole)
        if not summed:
            return None
        mean = summed / n
        return math.sqrt(max(squares / n - mean**2, 0)) / mean

    @staticmethod
    def _means(told: list[str]) -> tuple[str, str]:
        summed, n, squares = told
        return f"({summed} / {n})", f"{squares} / {n}"


@dataclass(frozen=True)
class Told:
    """One row of the table; None where there is nothing to divide by."""

    words: str
    ours: float | None
    truth: float | None
    promql: float | None

    @property
    def equal(self) -> bool:
        """Within half a millisecond, a share within 1e-12: sums of floats in another order, and no more. Not by rounding, which
        parts two that lie on either side of a tie."""
        told = [one for one in self._three() if one is not None]
        if len(told) < 3:
            return not told
        return max(told) - min(told) < (1e-12 if max(told) < 2 else 0.000_5)

    def _three(self) -> tuple[float | None, float | None, float | None]:
        return self.ours, self.truth, self.promql


def _count(words: str, name: str, series: str, **where: str) -> Row:
    return Row(words, name, Count(series, where), channel=where.get("channel", ""))


_ANSWERED = Count("queue_wait_seconds_count", {"outcome": "answered"})
_ANSWERED_IN_20 = Count("queue_wait_seconds_bucket", {"outcome": "answered", "le": "20.0"})
_HANDLED = Count("contacts_handled_total")
_BUSY = Count("agent_time_seconds_total", {"state": "contact|wrapup"})

ROWS = (
    _count("contacts arrived", "arrived", "contacts_arrived_total"),
    _count("put before the desk", "offered", "contacts_offered_total"),
    _count("answered", "answered", "contact_wait_seconds_count", outcome="answered"),
    _count("left before an agent had them", "abandoned", "contacts_abandoned_total"),
    _count("... within 5 s", "abandoned_short", "contacts_abandoned_total", short="true"),
    _count("closed after an agent had them", "handled", "contacts_handled_total"),
    _count(
        "waits since the queue, s",
        "wait_since_queue_seconds_sum",
        "queue_wait_seconds_sum",
        outcome="answered",
    ),
    _count(
        "waits since arrival, s",
        "wait_since_arrival_seconds_sum",
        "contact_wait_seconds_sum",
        outcome="answered",
    ),
    _count("promised waits kept", "promises_kept", "promises_total", promise="target", result="kept"),
    _count("promised waits broken", "promises_broken", "promises_total", promise="target", result="broken"),
    _count("first contacts closed", "fcr_provisional_closed", "fcr_provisional_closed_total"),
    _count("... resolved", "fcr_provisional_resolved", "fcr_provisional_resolved_total"),
    _count("cases matured", "fcr_matured", "fcr_matured_total"),
    _count("... settled by their first contact", "fcr_resolved", "fcr_resolved_total"),
    _count("... came back after all", "fcr_revised", "fcr_revised_total", direction="down"),
    _count("came back", "repeats", "repeat_contacts_total"),
    _count("escalated contacts", "escalated", "contacts_escalated_total"),
    _count("hand-offs to higher authority", "escalations", "escalations_total"),
    _count("consults", "consults", "consults_total"),
    _count("transfers", "transfers", "transfers_total"),
    Row(
        "handed on twice or more",
        "chains",
        Less(Count("transfers_per_contact_count"), Count("transfers_per_contact_bucket", {"le": "1.0"})),
    ),
    _count("offers", "offers", "offers_total"),
    _count("... without the right to decide", "offers_authority_short", "offers_total", authority="short"),
    _count("exceptions granted", "exceptions_granted", "exceptions_granted_total"),
    _count(
        "first answers by a person", "first_responses_human", "first_response_seconds_count", kind="human"
    ),
    *(
        _count(
            f"... {channel}",
            "first_responses_human",
            "first_response_seconds_count",
            kind="human",
            channel=channel,
        )
        for channel in ("email", "social")
    ),
    _count("acknowledged", "first_responses_ack", "first_response_seconds_count", kind="ack"),
    _count("time in agents' hands, s", "handle_seconds_sum", "contact_handle_seconds_sum"),
    _count("ahead of the promise, s", "early_seconds_sum", "promise_margin_seconds_sum", side="early"),
    _count("behind it, s", "late_seconds_sum", "promise_margin_seconds_sum", side="late"),
    _count("messages due", "updates_due", "updates_due_total"),
    _count("... sent in time", "updates_on_time", "updates_sent_on_time_total"),
    _count("complaints", "complaints", "complaints_total"),
    _count("surveys sent", "surveys_sent", "surveys_sent_total"),
    _count("surveys answered", "survey_responses", "survey_responses_total"),
    _count("... with 4 or 5", "satisfied", "survey_responses_total", score="4|5"),
    _count("follow-ups due", "followups_due", "followups_due_total"),
    _count("... sent", "followups_sent", "followups_sent_total"),
    _count("said in public", "mentions", "mentions_total", addressed="true|false"),
    _count("... answered", "mentions_answered", "mentions_answered_total"),
    _count(
        "agents' time with customers, s",
        "agents_contact_seconds_sum",
        "agent_time_seconds_total",
        state="contact",
    ),
    _count("agents' time idle, s", "agents_idle_seconds_sum", "agent_time_seconds_total", state="idle"),
    Row(
        "first-contact resolution, matured",
        "fcr",
        Count("fcr_resolved_total"),
        (Count("fcr_matured_total"),),
    ),
    Row(
        "first-contact resolution, provisional",
        "fcr_provisional",
        Count("fcr_provisional_resolved_total"),
        (Count("fcr_provisional_closed_total"),),
    ),
    Row("abandonment", "abandonment", Count("contacts_abandoned_total"), (Count("contacts_offered_total"),)),
    Row(
        "... short ones apart",
        "abandonment_not_short",
        Count("contacts_abandoned_total", {"short": "false"}),
        (Less(Count("contacts_offered_total"), Count("contacts_abandoned_total", {"short": "true"})),),
    ),
    Row(
        "legs answered in 20 s",
        "service_levels",
        _ANSWERED_IN_20,
        (Count("queue_wait_seconds_count", {"outcome": "answered|abandoned|abandoned_short|flow_out"}),),
        key="answered20_per_offered",
    ),
    Row(
        "... short ones apart",
        "service_levels",
        _ANSWERED_IN_20,
        (Count("queue_wait_seconds_count", {"outcome": "answered|abandoned|flow_out"}),),
        key="answered20_per_not_short",
    ),
    Row("escalation", "escalation", Count("contacts_escalated_total"), (_HANDLED,)),
    Row(
        "consults instead of escalations",
        "consult_instead",
        Count("consults_total"),
        (Count("consults_total"), Count("escalations_total")),
    ),
    Row(
        "authority gap at offer",
        "authority_gap",
        Count("offers_total", {"authority": "short"}),
        (Count("offers_total"),),
    ),
    Row("transfers a contact", "transfers_per_contact", Count("transfers_total"), (_HANDLED,)),
    Row(
        "answered within the promise",
        "within_target",
        Count("promises_total", {"promise": "target", "result": "kept"}),
        (Count("promises_total", {"promise": "target", "result": "kept|broken"}),),
    ),
    Row(
        "average speed of answer, s",
        "average_speed_of_answer_seconds",
        Count("queue_wait_seconds_sum", {"outcome": "answered"}),
        (_ANSWERED,),
    ),
    Variation(
        "variation of waits",
        "wait_variation",
        Count("contact_wait_seconds_sum", {"outcome": "answered"}),
        (
            Count("contact_wait_seconds_count", {"outcome": "answered"}),
            Count("contact_wait_square_seconds_total"),
        ),
    ),
    Row(
        "came back, of arrived",
        "repeat_rate",
        Count("repeat_contacts_total"),
        (Count("contacts_arrived_total"),),
    ),
    Row(
        "closed about the world's first topic",
        "topics",
        Count("contacts_handled_by_topic_total", {"topic": "t000"}),
        key="t000",
    ),
    Row(
        "satisfied",
        "satisfaction",
        Count("survey_responses_total", {"score": "4|5"}),
        (Count("survey_responses_total"),),
    ),
    Row(
        "answers of surveys after, s",
        "mean_survey_delay_seconds",
        Count("survey_delay_seconds_sum"),
        (Count("survey_delay_seconds_count"),),
    ),
    Row(
        "occupancy",
        "occupancy",
        _BUSY,
        (Count("agent_time_seconds_total", {"state": "contact|wrapup|idle"}),),
    ),
)


def table(
    ours: Mapping[str, metrics_pb2.KpiRow], truth: Mapping[Sample, float], prometheus: Prometheus
) -> Iterator[Told]:
    """Every row, asked three ways; `ours` by channel, "" for all."""
    for row in ROWS:
        found = prometheus.query(row.promql())
        yield Told(row.words, row.told(ours), row.true(truth), found[0].value if found else None)


def printed(told: Told) -> str:
    words = ["-" if one is None else f"{one:,.3f}".rstrip("0").rstrip(".") for one in told._three()]
    return f"{told.words:<40} {words[0]:>12} {words[1]:>12} {words[2]:>12}  {'' if told.equal else 'DIFFERS'}"
