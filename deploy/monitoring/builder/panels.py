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
