"""Panels that boards have in common: shares with their n, flows, means, quantiles; all of durable totals."""

from __future__ import annotations

from deploy.monitoring.builder.grafana import Panel, Target, Variable
from deploy.monitoring.builder.promql import CHOSEN, RANGE, STEP, durable, grew, joined, share

QUEUE_AND_CHANNEL = (
    Variable("channel", "Channel", "label_values(frontdesk_contacts_arrived_total, channel)"),
    Variable("queue", "Queue", 'label_values(frontdesk_contacts_arrived_total{channel=~"$channel"}, queue)'),
)

AGE = Panel(
    "Age of these numbers",
    "Time since the newest decision that is counted here. Above a minute at a busy desk, metrics is behind; see "
    "Pipeline health. Formula: time() - frontdesk_metrics_watermark_timestamp_seconds.",
    "s",
    (Target("time() - max(frontdesk_metrics_watermark_timestamp_seconds)", "age"),),
    kind="stat",
    width=4,
    height=5,
)


def grown(name: str, window: str, *, by: str = "", where: str = "", chosen: str = CHOSEN) -> str:
    """Growth of a durable total of the chosen channels and queues."""
    return grew(name, window, by=by, where=joined(chosen, where))


def share_panel(
    title: str,
    description: str,
    part: str,
    whole: str,
    *,
    part_where: str = "",
    whole_where: str = "",
    width: int = 4,
    chosen: str = CHOSEN,
    bad_above: float | None = None,
    bad_below: float | None = None,
) -> Panel:
    """One share over the board's range, and n, what it is a share of."""
    whole_expr = grown(whole, RANGE, where=whole_where, chosen=chosen)
    part_expr = grown(part, RANGE, where=part_where, chosen=chosen)
    return Panel(
        title,
        description,
        "percentunit",
        (Target(share(part_expr, whole_expr), "share"),),
        kind="stat",
        width=width,
        height=5,
        decimals=1,
        bad_above=bad_above,
        bad_below=bad_below,
        counted=whole_expr,
    )


def against_past(title: str, description: str, name: str, **more: object) -> Panel:
    """A share of now beside that of the 28 days before; what lies within three standard errors is chance."""
    now = f'queue:frontdesk_{name}:ratio_increase1d{{queue=~"$queue"}}'
    base = f'queue:frontdesk_{name}:baseline28d{{queue=~"$queue"}}'
    return Panel(
        title,
        description
        + " The last day, beside the 28 days before that day (there once a day lies behind); z counts standard "
        "errors between them, and from 3 on it is no chance (requirement S2.2).",
        "percentunit",
        (Target(now, "now, {{queue}}"), Target(base, "28 days, {{queue}}")),
        **more,  # type: ignore[arg-type]
    )


def exact(title: str, description: str, kpis: str, *, width: int = 8) -> Panel:
    """Shares over windows of event time, as the service itself sums them up; `kpis` are alternatives between bars."""
    chosen = f'queue=~"$queue", kpi=~"{kpis}"'
    part, whole = (
        f"sum by (kpi, window) (max without (pod, instance) (frontdesk_window_{side}{{{chosen}}}))"
        for side in ("numerator", "denominator")
    )
    return Panel(
        title,
        description
        + " By the time at which things were decided, exact after a standstill too: the newest whole quarter hours and "
        "the one under way. Absent where there is nothing to divide by.",
        "percentunit",
        (Target(share(part, whole), "{{kpi}}, {{window}}"),),
        kind="bargauge",
        width=width,
        decimals=1,
    )


def flow(
    title: str,
    description: str,
    name: str,
    by: str,
    *,
    where: str = "",
    width: int = 8,
    chosen: str = CHOSEN,
    stacked: bool = True,
) -> Panel:
    """A total's growth a minute, by a label."""
    rate = f"60 * sum by ({by}) (rate({durable('frontdesk_' + name)}{{{joined(chosen, where)}}}[{STEP}]))"
    legend = " ".join(f"{{{{{label.strip()}}}}}" for label in by.split(","))
    return Panel(
        title, description + " Per minute.", "short", (Target(rate, legend),), width=width, stacked=stacked
    )


def counts(
    title: str,
    description: str,
    name: str,
    by: str,
    *,
    where: str = "",
    width: int = 8,
    chosen: str = CHOSEN,
) -> Panel:
    """How many of each over the board's range, as bars."""
    legend = " ".join(f"{{{{{label.strip()}}}}}" for label in by.split(","))
    return Panel(
        title,
        description,
        "short",
        (Target(grown(name, RANGE, by=by, where=where, chosen=chosen), legend),),
        kind="bargauge",
        width=width,
        decimals=0,
    )


def mean(
    title: str,
    description: str,
    name: str,
    by: str,
    *,
    where: str = "",
    width: int = 8,
    window: str = RANGE,
) -> Panel:
    """Mean of a histogram over the board's range, as bars."""
    summed, n = (grown(f"{name}_{part}", window, by=by, where=where) for part in ("sum", "count"))
    legend = " ".join(f"{{{{{label.strip()}}}}}" for label in by.split(","))
    return Panel(
        title, description, "s", (Target(share(summed, n), legend),), kind="bargauge", width=width, decimals=0
    )


def quantiles(title: str, description: str, name: str, *, where: str = "", width: int = 8) -> Panel:
    """Median and 90th percentile over the board's range, estimated within the buckets."""
    buckets = grown(f"{name}_bucket", RANGE, by="le", where=where)
    return Panel(
        title,
        description + " Estimated within the histogram's buckets.",
        "s",
        (
            Target(f"histogram_quantile(0.5, {buckets})", "half are below"),
            Target(f"histogram_quantile(0.9, {buckets})", "nine of ten are below"),
        ),
        kind="stat",
        width=width,
        height=5,
        decimals=0,
    )
