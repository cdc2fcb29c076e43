"""Panels of what each process counts by itself: rate first, then sum (operations.md 2.2 A)."""

from __future__ import annotations

from deploy.monitoring.builder.grafana import Panel, Target, Variable
from deploy.monitoring.builder.promql import RANGE, STEP

OF_CHOSEN = 'job=~"$job", instance=~"$instance"'
VARIABLES = (
    Variable("job", "Job", "label_values(frontdesk_build_info, job)"),
    Variable("instance", "Instance", 'label_values(frontdesk_build_info{job=~"$job"}, instance)'),
)


def curve(title: str, description: str, unit: str, *targets: tuple[str, str], **more: object) -> Panel:
    return Panel(
        title,
        description,
        unit,
        tuple(Target(expr, legend) for expr, legend in targets),
        **{"width": 6, **more},  # type: ignore[arg-type]
    )


def rate_of(
    title: str, description: str, name: str, by: str, *, where: str = "", stacked: bool = True, **more: object
) -> Panel:
    """Growth of a process counter a second: rate first, then sum."""
    chosen = f"{OF_CHOSEN}, {where}" if where else OF_CHOSEN
    legend = " ".join(f"{{{{{label.strip()}}}}}" for label in by.split(","))
    return curve(
        title,
        description + " Per second.",
        "cps",
        (f"sum by ({by}) (rate({name}{{{chosen}}}[{STEP}]))", legend),
        stacked=stacked,
        **more,
    )


def grown_of(title: str, description: str, name: str, by: str, *, where: str = "", **more: object) -> Panel:
    """How many over the board's range: for what should not happen at all."""
    chosen = f"{OF_CHOSEN}, {where}" if where else OF_CHOSEN
    legend = " ".join(f"{{{{{label.strip()}}}}}" for label in by.split(","))
    return Panel(
        title,
        description + " In the time that the board shows.",
        "short",
        (Target(f"sum by ({by}) (increase({name}{{{chosen}}}[{RANGE}]))", legend),),
        kind="bargauge",
        **{"width": 6, "decimals": 0, **more},  # type: ignore[arg-type]
    )


def slow(title: str, description: str, name: str, by: str, *, where: str = "", **more: object) -> Panel:
    chosen = f"{OF_CHOSEN}, {where}" if where else OF_CHOSEN
    buckets = f"sum by (le, {by}) (rate({name}_bucket{{{chosen}}}[{STEP}]))"
    return curve(
        title,
        description + " 99 of 100 are below; estimated within the buckets, absent while nothing happens.",
        "s",
        (f"histogram_quantile(0.99, {buckets})", f"{{{{{by}}}}}"),
        **more,
    )
