"""KPIs three ways: as GetKpis answers, as counted from the log the slow way, as PromQL says."""

from __future__ import annotations

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
class Row:
    """One KPI: a count, or a share of two."""

    words: str
    name: str
    """In GetKpis."""
    part: Count
    whole: tuple[Count, ...] = ()
    formula: str = ""
    """Of a service level: its key in that map."""

    def told(self, ours: metrics_pb2.KpiRow) -> float | None:
        """What GetKpis says; None where it says nothing."""
        if self.formula:
            return ours.service_levels.get(self.formula)
        told: float | None = getattr(ours, self.name) if not self.whole or ours.HasField(self.name) else None
        return told


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
    return Row(words, name, Count(series, where))


_ANSWERED = Count("queue_wait_seconds_count", {"outcome": "answered"})
_ANSWERED_IN_20 = Count("queue_wait_seconds_bucket", {"outcome": "answered", "le": "20.0"})
_HANDLED = Count("contacts_handled_total")
_BUSY = Count("agent_time_seconds_total", {"state": "contact|wrapup"})

ROWS = (
    _count("contacts arrived", "arrived", "contacts_arrived_total"),
    _count("put before the desk", "offered", "contacts_offered_total"),
    _count("answered", "answered", "contact_wait_seconds_count", outcome="answered"),
    _count("left before an agent had them", "abandoned", "contacts_abandoned_total"),
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
    _count("came back", "repeats", "repeat_contacts_total"),
    _count("escalated contacts", "escalated", "contacts_escalated_total"),
    _count("consults", "consults", "consults_total"),
    _count("transfers", "transfers", "transfers_total"),
    _count("offers", "offers", "offers_total"),
    _count("... without the right to decide", "offers_authority_short", "offers_total", authority="short"),
    _count("exceptions granted", "exceptions_granted", "exceptions_granted_total"),
    _count(
        "first answers by a person", "first_responses_human", "first_response_seconds_count", kind="human"
    ),
    _count("acknowledged", "first_responses_ack", "first_response_seconds_count", kind="ack"),
    _count("time in agents' hands, s", "handle_seconds_sum", "contact_handle_seconds_sum"),
    _count("complaints", "complaints", "complaints_total"),
    _count("surveys sent", "surveys_sent", "surveys_sent_total"),
    _count("surveys answered", "survey_responses", "survey_responses_total"),
    _count("... with 4 or 5", "satisfied", "survey_responses_total", score="4|5"),
    _count("follow-ups due", "followups_due", "followups_due_total"),
    _count("... sent", "followups_sent", "followups_sent_total"),
    _count("said in public", "mentions", "mentions_total", addressed="true|false"),
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
        "legs answered in 20 s",
        "service_levels",
        _ANSWERED_IN_20,
        (Count("queue_wait_seconds_count", {"outcome": "answered|abandoned|abandoned_short|flow_out"}),),
        formula="answered20_per_offered",
    ),
    Row(
        "... short ones apart",
        "service_levels",
        _ANSWERED_IN_20,
        (Count("queue_wait_seconds_count", {"outcome": "answered|abandoned|flow_out"}),),
        formula="answered20_per_not_short",
    ),
    Row("escalation", "escalation", Count("contacts_escalated_total"), (_HANDLED,)),
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


def table(ours: metrics_pb2.KpiRow, truth: Mapping[Sample, float], prometheus: Prometheus) -> Iterator[Told]:
    """Every row, asked three ways."""
    for row in ROWS:
        promql = row.part.promql()
        true = row.part.of(truth)
        for whole in row.whole:
            promql += f" / ({whole.promql()} > 0)"
            true = true / whole.of(truth) if whole.of(truth) else float("nan")
        found = prometheus.query(promql)
        yield Told(
            row.words,
            row.told(ours),
            None if true != true else true,
            found[0].value if found else None,
        )


def printed(told: Told) -> str:
    words = ["-" if one is None else f"{one:,.3f}".rstrip("0").rstrip(".") for one in told._three()]
    return f"{told.words:<40} {words[0]:>12} {words[1]:>12} {words[2]:>12}  {'' if told.equal else 'DIFFERS'}"
