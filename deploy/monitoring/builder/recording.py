"""Recording rules that follow from the catalogue and from the objectives' arithmetic (operations.md 3.1, 3.2).

Names are level:metric:operation. `partition:` series are safe over a hand-over, `queue:` ones are what alerts and boards
read. A ratio without a denominator has no sample; a numerator that has no series counts as 0, or an alert would be
silent just when nobody is answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from deploy.monitoring.builder.promql import durable, grew, joined
from services.metrics.catalogue import MEASURES
from services.metrics.measure import Kind, Measure

PLACE = "channel, queue"
LIMIT_SECONDS = "20.0"
"""Bound of the service level as Prometheus' Python client writes it."""
WINDOWS = ("5m", "1h", "2h", "1d", "28d")
_OFFERED = 'outcome=~"answered|abandoned|abandoned_short|flow_out"'
_ANSWERED = 'outcome="answered"'
_NOT_SHORT = 'outcome=~"answered|abandoned|flow_out"'
"""How the legs ended that the service level is a share of, as `services.metrics.kpis.service_levels` has it. Legs and not
contacts: who is transferred waits again, and is answered again."""


@dataclass(frozen=True)
class Rule:
    record: str
    expr: str


@dataclass(frozen=True)
class Group:
    name: str
    """Of the group, with `frontdesk-` before it, and of its file."""
    interval: str
    about: str
    rules: tuple[Rule, ...]


def groups() -> tuple[Group, ...]:
    """All recorded series, those first that others are made of."""
    return (
        Group(
            "totals",
            "15s",
            "Every durable total, once: of two replicas that hand a partition over the larger one.",
            tuple(rule for measure in MEASURES for rule in _totals(measure)),
        ),
        Group(
            "service-level",
            "30s",
            "Legs answered within 20 s of all that were put before the desk, and what is needed to judge it.",
            tuple(rule for window in WINDOWS for rule in _service_level(window)),
        ),
        Group(
            "service-level-formulas",
            "1m",
            "The other formulas in use elsewhere, over an hour; the name says what is divided by what.",
            tuple(_formulas()),
        ),
        Group(
            "objectives",
            "1m",
            "Shares of failures of the other objectives.",
            tuple(_objectives()),
        ),
        Group(
            "baselines",
            "5m",
            "Shares of the last day beside those of the 28 days before, with the number behind them.",
            tuple(rule for baseline in BASELINES for rule in _baseline(baseline)),
        ),
    )


def _totals(measure: Measure) -> Iterator[Rule]:
    parts = ("_bucket", "_count", "_sum") if measure.kind is Kind.HISTOGRAM else ("_total",)
    for part in parts:
        name = measure.name + part
        yield Rule(durable(name), f"max without (pod, instance) ({name})")


def _answered(window: str) -> str:
    return grew(
        "queue_wait_seconds_bucket", window, by=PLACE, where=f'le="{LIMIT_SECONDS}", outcome="answered"'
    )


def _legs_offered(window: str) -> str:
    return f"queue:frontdesk_legs_offered:increase{window}"


def _service_level(window: str) -> Iterator[Rule]:
    offered = _legs_offered(window)
    yield Rule(offered, grew("queue_wait_seconds_count", window, by=PLACE, where=_OFFERED))
    yield Rule(
        f"queue:frontdesk_service_level_answered20_per_offered:ratio_increase{window}",
        f"({_answered(window)} or 0 * {offered}) / ({offered} > 0)",
    )


def _formulas() -> Iterator[Rule]:
    """operations.md 1.2, the table of six; the first is recorded for several windows above."""
    window = "1h"
    legs = "queue_wait_seconds"
    within = f'le="{LIMIT_SECONDS}"'
    left = 'outcome=~"abandoned|abandoned_short"'
    offered = _legs_offered(window)
    answered_in = f"({_answered(window)} or 0 * {offered})"
    answered = f"({grew(f'{legs}_count', window, by=PLACE, where=_ANSWERED)} or 0 * {offered})"
    abandoned = f"({grew(f'{legs}_count', window, by=PLACE, where=left)} or 0 * {offered})"
    abandoned_in = (
        f"({grew(f'{legs}_bucket', window, by=PLACE, where=joined(within, left))} or 0 * {offered})"
    )
    parts = {
        "answered20_per_answered": (answered_in, answered),
        "left20_per_left": (f"({answered_in} + {abandoned_in})", f"({answered} + {abandoned})"),
        "left20_per_queued": (
            grew(f"{legs}_bucket", window, by=PLACE, where=within),
            grew("contacts_queued_total", window, by=PLACE),
        ),
        "answered20_per_not_short": (answered_in, grew(f"{legs}_count", window, by=PLACE, where=_NOT_SHORT)),
        "answered20_per_answered_or_late": (answered_in, f"({answered} + {abandoned} - {abandoned_in})"),
    }
    for name, (part, whole) in parts.items():
        yield Rule(f"queue:frontdesk_service_level_{name}:ratio_increase{window}", f"{part} / ({whole} > 0)")


def _objectives() -> Iterator[Rule]:
    for window in ("2h", "1d", "28d"):
        whole = f"queue:frontdesk_first_answers_human:increase{window}"
        yield Rule(whole, grew("first_response_seconds_count", window, by=PLACE, where='kind="human"'))
        within = grew("first_response_seconds_bucket", window, by=PLACE, where='kind="human", le="86400.0"')
        yield Rule(
            f"queue:frontdesk_first_answers_human_late:ratio_increase{window}",
            f"1 - ({within} or 0 * {whole}) / ({whole} > 0)",
        )
    for window in ("7d", "28d"):
        whole = f"queue:frontdesk_fcr_matured:increase{window}"
        yield Rule(whole, grew("fcr_matured_total", window, by="queue"))
        yield Rule(
            f"queue:frontdesk_fcr_missed:ratio_increase{window}",
            f"1 - ({grew('fcr_resolved_total', window, by='queue')} or 0 * {whole}) / ({whole} > 0)",
        )
    for window in ("5m", "30m", "1h", "6h", "3d", "28d"):
        handled = f"job:grpc_server_handled:increase{window}"
        yield Rule(handled, f"sum by (job) (increase(grpc_server_handled_total[{window}]))")
        failed = (
            f'sum by (job) (increase(grpc_server_handled_total{{grpc_code=~"{FAULTS}"}}[{window}])'
            f" unless increase(grpc_server_handled_total{{{ELSEWHERE}}}[{window}]))"
        )
        yield Rule(
            f"job:grpc_server_failed:ratio_increase{window}",
            f"({failed} or 0 * {handled}) / ({handled} > 0)",
        )
    for window in ("5m", "1h", "28d"):
        facts = f"frontdesk:router_facts:increase{window}"
        letters = f"sum (increase(frontdesk_router_dead_letters_total[{window}]))"
        yield Rule(facts, f'sum (increase(frontdesk_router_decisions_total{{cause="fact"}}[{window}]))')
        yield Rule(
            f"frontdesk:router_facts_unusable:ratio_increase{window}",
            f"({letters} or 0 * {facts}) / ({facts} > 0)",
        )


FAULTS = "UNKNOWN|INTERNAL|UNAVAILABLE|DATA_LOSS|UNIMPLEMENTED|DEADLINE_EXCEEDED"
"""Status codes that are the server's fault, not a refusal of what was asked."""
ELSEWHERE = 'grpc_code="UNAVAILABLE", grpc_service="frontdesk.v1.MetricsService"'
"""A replica of metrics that does not own the desk's partition says so (NOT_FOLDED_HERE, docs/decisions/0021): no fault. That
metrics cannot reach the log, which has the same code, is told by FrontdeskMetricsStalled and FrontdeskMetricsBehind."""


@dataclass(frozen=True)
class Baseline:
    """A share that is judged against its own past (requirement S2.2)."""

    name: str
    part: str
    part_where: str
    whole: str
    whole_where: str
    window: str
    less: str = ""
    """Of the whole, what does not belong to it."""
    less_where: str = ""

    def all(self, grown: Callable[[str, str], str]) -> str:
        """The whole, without what does not belong to it; `grown` makes PromQL of a name and conditions."""
        whole = grown(self.whole, self.whole_where)
        if not self.less:
            return whole
        return f"({whole} - ({grown(self.less, self.less_where)} or 0 * {whole}))"


BASELINES = (
    Baseline(
        "abandonment",  # abandonment_not_short of GetKpis: (abandoned - short) / (offered - short)
        "contacts_abandoned_total",
        'short="false"',
        "contacts_offered_total",
        "",
        "1d",
        less="contacts_abandoned_total",
        less_where='short="true"',
    ),
    Baseline("escalation", "contacts_escalated_total", "", "contacts_handled_total", "", "1d"),
    Baseline("authority_gap", "offers_total", 'authority="short"', "offers_total", "", "1d"),
    Baseline("satisfaction", "survey_responses_total", 'score=~"4|5"', "survey_responses_total", "", "1d"),
    Baseline("repeats", "repeat_contacts_total", "", "contacts_arrived_total", "", "1d"),
)


def _baseline(one: Baseline) -> Iterator[Rule]:
    """The share now, its n, the share of the 28 days before, and how many standard errors lie between (3.4)."""
    now, n = f"queue:frontdesk_{one.name}:ratio_increase{one.window}", f"queue:frontdesk_{one.name}:n"
    base = f"queue:frontdesk_{one.name}:baseline28d"
    yield Rule(n, one.all(lambda name, where: grew(name, one.window, by="queue", where=where)))
    part = grew(one.part, one.window, by="queue", where=one.part_where)
    yield Rule(now, f"({part} or 0 * {n}) / ({n} > 0)")
    yield Rule(base, f"{_before(one.part, one.part_where)} / ({one.all(_before)} > 0)")
    yield Rule(
        f"queue:frontdesk_{one.name}:z",
        f"({now} - {base}) / sqrt(({base} * (1 - {base}) > 0) / {n})",
    )


def _before(name: str, where: str) -> str:
    return f"sum by (queue) (increase({durable('frontdesk_' + name)}{{{where}}}[28d] offset 1d))"


def rendered(group: Group) -> str:
    """The committed text of one file: YAML, one expression a line."""
    lines = [
        "# Written by `make dashboards` from services/metrics/catalogue.py and deploy/monitoring/builder/recording.py.",
        f"# {group.about}",
        "groups:",
        f"  - name: frontdesk-{group.name}",
        f"    interval: {group.interval}",
        "    rules:",
    ]
    for rule in group.rules:
        lines += [f"      - record: {rule.record}", "        expr: |-", f"          {rule.expr}"]
    return "\n".join(lines) + "\n"
