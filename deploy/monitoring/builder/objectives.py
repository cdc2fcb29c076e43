"""The board of objectives: what was promised, how much failure is left to spend, how fast it is spent.

A burn of f times a budget b is a failure share of f * b, so f can never exceed 1 / b: the usual table (14.4, 6, 1) fits
99.9 %, and at 80 % in 20 s it would ask for 288 % failures (operations.md 3.2).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deploy.monitoring.builder.grafana import Board, Panel, Row, Target, Variable
from deploy.monitoring.builder.panels import AGE

_CALLS = 'channel="phone", queue=~"$queue"'
_QUEUE = 'queue=~"$queue"'


@dataclass(frozen=True)
class Objective:
    """`failed` is the recorded share of failures, with {window} to be filled in."""

    title: str
    goal: float
    promise: str
    failed: str
    n: str
    windows: tuple[str, ...]
    """Windows of the alerts; the board shows their burn."""
    legend: str


OBJECTIVES = (
    Objective(
        "Calls answered in 20 s",
        0.80,
        "80 % of calls that are put before the desk are answered within 20 s",
        f"(1 - queue:frontdesk_service_level_answered20_per_offered:ratio_increase{{window}}{{{{{_CALLS}}}}})",
        f"queue:frontdesk_legs_offered:increase28d{{{_CALLS}}}",
        ("5m", "1h", "2h", "1d"),
        "{{queue}}",
    ),
    Objective(
        "Settled at the first contact",
        0.75,
        "75 % of cases are settled by their first contact; counted when the repeat window is over",
        f"queue:frontdesk_fcr_missed:ratio_increase{{window}}{{{{{_QUEUE}}}}}",
        f"queue:frontdesk_fcr_matured:increase28d{{{_QUEUE}}}",
        ("7d",),
        "{{queue}}",
    ),
    Objective(
        "First answer by a person within a day",
        0.95,
        "95 % of first answers by a person to mail and messages come within 86,400 s; acknowledgements are not counted",
        f"queue:frontdesk_first_answers_human_late:ratio_increase{{window}}{{{{{_QUEUE}}}}}",
        f"queue:frontdesk_first_answers_human:increase28d{{{_QUEUE}}}",
        ("2h", "1d"),
        "{{queue}} {{channel}}",
    ),
    Objective(
        "RPCs that the server did not fail",
        0.999,
        "99.9 % of RPCs end without a fault of the server; refusals are no faults",
        "job:grpc_server_failed:ratio_increase{window}",
        "job:grpc_server_handled:increase28d",
        ("5m", "30m", "1h", "6h", "3d"),
        "{{job}}",
    ),
    Objective(
        "Facts that could be used",
        0.999,
        "99.9 % of facts are decided and do not end as dead letters",
        "frontdesk:router_facts_unusable:ratio_increase{window}",
        "frontdesk:router_facts:increase28d",
        ("5m", "1h"),
        "all",
    ),
)


def _row(one: Objective) -> Row:
    return Row(one.title, tuple(_panels(one)))


def _panels(one: Objective) -> Iterator[Panel]:
    budget = round(1 - one.goal, 6)
    missed = one.failed.format(window="28d")
    yield Panel(
        f"{one.title}: reached",
        f"Over 28 days. Objective: {one.promise}. 1 - failed / all, by Prometheus' own clock, with what it keeps.",
        "percentunit",
        (Target(f"1 - {missed}", one.legend),),
        kind="stat",
        width=6,
        height=6,
        decimals=2,
        bad_below=one.goal,
    )
    yield Panel(
        f"{one.title}: budget left",
        f"Of the failures that the objective allows in 28 days ({budget:.1%}), the share that is left; below 0 it is missed. "
        "1 - failed share / budget.",
        "percentunit",
        (Target(f"1 - {missed} / {budget}", one.legend),),
        kind="stat",
        width=6,
        height=6,
        decimals=1,
        bad_below=0,
    )
    yield Panel(
        f"{one.title}: how many",
        "What the share is a share of, over 28 days.",
        "short",
        (Target(one.n, one.legend),),
        kind="stat",
        width=4,
        height=6,
        decimals=0,
    )
    yield Panel(
        f"{one.title}: burn",
        f"How many times as fast as allowed the budget is spent, by window; at most {1 / budget:,.0f}. "
        "failed share / budget; the alerts ask for two windows at once.",
        "short",
        tuple(
            Target(f"{one.failed.format(window=window)} / {budget}", f"{window}, {one.legend}")
            for window in one.windows
        ),
        width=8,
        height=6,
    )


ALERTS = Row(
    "Alerts",
    (
        Panel(
            "Firing",
            "Alerts of Frontdesk that fire now; FrontdeskWatchdog always does, and shows that the way to you is open.",
            "short",
            (
                Target(
                    'sum by (alertname, severity) (ALERTS{alertname=~"Frontdesk.+", alertstate="firing"})',
                    "{{alertname}} {{severity}}",
                ),
            ),
            width=20,
            stacked=True,
        ),
        AGE,
    ),
)

BOARD = Board(
    "frontdesk-objectives",
    "Frontdesk: Objectives",
    "Objectives, how much failure is left to spend in 28 days, and how fast it is spent.",
    (ALERTS, *(_row(one) for one in OBJECTIVES)),
    (Variable("queue", "Queue", "label_values(frontdesk_contacts_arrived_total, queue)"),),
    since="now-7d",
    refresh="5m",
)
