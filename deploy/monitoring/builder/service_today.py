"""The board of the shift lead: who waits now, what was promised, how long it took today."""

from __future__ import annotations

from deploy.monitoring.builder.grafana import Board, Panel, Row, Target
from deploy.monitoring.builder.panels import (
    AGE,
    QUEUE_AND_CHANNEL,
    counts,
    exact,
    flow,
    mean,
    share_panel,
)
from deploy.monitoring.builder.promql import CHOSEN
from deploy.monitoring.builder.waits import WAITS, WORK

_PLACE = "channel, queue"


def _now(title: str, description: str, unit: str, expr: str, legend: str, **more: object) -> Panel:
    return Panel(title, description, unit, (Target(expr, legend),), **{"kind": "bargauge", **more})  # type: ignore[arg-type]


NOW = Row(
    "Now",
    (
        _now(
            "Waiting now",
            "Contacts that wait at this moment, ringing ones included. frontdesk_queue_depth.",
            "short",
            f"sum by ({_PLACE}) (max without (pod, instance) (frontdesk_queue_depth{{{CHOSEN}}}))",
            "{{queue}} {{channel}}",
            width=6,
            decimals=0,
        ),
        _now(
            "Longest wait now",
            "Age since arrival of the contact that waits longest in each queue; a queue where nobody waits shows 0. "
            "frontdesk_queue_oldest_wait_seconds. Two thirds of callers are still there after 56 s, few after minutes.",
            "s",
            f"max by ({_PLACE}) (frontdesk_queue_oldest_wait_seconds{{{CHOSEN}}})"
            f" or 0 * max by ({_PLACE}) (frontdesk_queue_depth{{{CHOSEN}}})",
            "{{queue}} {{channel}}",
            width=6,
            decimals=0,
        ),
        _now(
            "Agents by what they do",
            "Agents at work at this moment, each in one state; idle ones are available. frontdesk_agents.",
            "short",
            "sum by (state) (max without (pod, instance) (frontdesk_agents))",
            "{{state}}",
            width=6,
            decimals=0,
        ),
        _now(
            "Open contacts by where they stand",
            "Every contact that is open now is in one of these states. frontdesk_contacts_open.",
            "short",
            "sum by (state) (max without (pod, instance) (frontdesk_contacts_open))",
            "{{state}}",
            width=6,
            decimals=0,
        ),
        _now(
            "Past their timer",
            "Open contacts whose own timer has passed: above 0 for minutes means that something is stuck. "
            "frontdesk_contacts_overdue; alert FrontdeskContactsOverdue.",
            "short",
            "sum(max without (pod, instance) (frontdesk_contacts_overdue))",
            "overdue",
            kind="stat",
            width=4,
            height=5,
            bad_above=1,
        ),
        _now(
            "Oldest without any answer",
            "Age of the oldest open contact that was not even acknowledged; 0 when all were. The promise is a day "
            "(requirement S2.4). frontdesk_unanswered_age_seconds; alert FrontdeskMailUnanswered.",
            "s",
            f"max(frontdesk_unanswered_age_seconds{{{CHOSEN}}}) or vector(0)",
            "age",
            kind="stat",
            width=4,
            height=5,
            bad_above=72_000,
        ),
        _now(
            "Messages overdue",
            "Messages that customers were to be told more than five minutes ago (requirement S2.7). "
            "frontdesk_updates_overdue.",
            "short",
            "sum(max without (pod, instance) (frontdesk_updates_overdue))",
            "overdue",
            kind="stat",
            width=4,
            height=5,
            bad_above=1,
        ),
        _now(
            "Waiting for each idle agent",
            "Contacts that wait / agents who are idle, at least one counted; above 1 more wait than can be taken at once "
            "(requirement S3.2).",
            "short",
            "sum(max without (pod, instance) (frontdesk_queue_depth))"
            ' / clamp_min(sum(max without (pod, instance) (frontdesk_agents{state="idle"})), 1)',
            "contacts an agent",
            kind="stat",
            width=4,
            height=5,
            decimals=1,
        ),
        _now(
            "Desks with more work than time",
            "Desks that are overloaded at this moment: customers are told of the wait, mail stands back. "
            "frontdesk_desk_overloaded.",
            "short",
            "sum(max without (pod, instance) (frontdesk_desk_overloaded))",
            "overloaded",
            kind="stat",
            width=4,
            height=5,
            bad_above=1,
        ),
        AGE,
    ),
)

PROMISES = Row(
    "What was promised",
    (
        share_panel(
            "Answered within the promised wait",
            "Promised waits that were kept. A promise is broken at the moment its deadline passes, so a queue that "
            "stands still shows at once. kept / (kept + broken), promise = target.",
            "promises_total",
            "promises_total",
            part_where='result="kept", promise="target"',
            whole_where='result=~"kept|broken", promise="target"',
            bad_below=0.8,
        ),
        share_panel(
            "Answered within the day",
            "Contacts other than calls answered within the day that is promised (requirement S2.4). "
            "kept / (kept + broken), promise = due.",
            "promises_total",
            "promises_total",
            part_where='result="kept", promise="due"',
            whole_where='result=~"kept|broken", promise="due"',
            bad_below=0.95,
        ),
        share_panel(
            "Messages on time",
            "Messages that a customer was to be told and that went out within five minutes (requirement S2.7). "
            "updates_sent_on_time / updates_due.",
            "updates_sent_on_time_total",
            "updates_due_total",
            bad_below=0.95,
        ),
        mean(
            "How far from the promise",
            "Mean time between a promise and its fulfilment, early and late apart (requirement S1.1: exceed it). "
            "promise_margin_seconds _sum / _count.",
            "promise_margin_seconds",
            "side, promise",
            width=6,
        ),
        counts(
            "Call-backs put off",
            "Call-backs whose promised time was replaced by a later one, told in advance. promises_revised.",
            "promises_revised_total",
            "queue",
            width=6,
        ),
        flow("Promises", "How promises ended; void: the customer left first.", "promises_total", "result"),
        flow(
            "Messages due", "Messages that customers were to be told, by kind.", "updates_due_total", "kind"
        ),
        exact(
            "Last hour, day and week, exact",
            "Promised waits that were kept, and contacts whose customer left, over windows of event time. "
            "frontdesk_window_numerator / frontdesk_window_denominator.",
            "within_target|abandonment",
        ),
        Panel(
            "Answered in 20 s of all offered, by queue",
            "The service level over the last hour: answered within 20 s / (answered + abandoned + passed on). Made for "
            "calls; a queue of mail has its promise above. Absent while nothing was offered.",
            "percentunit",
            (
                Target(
                    f"queue:frontdesk_service_level_answered20_per_offered:ratio_increase1h{{{CHOSEN}}}",
                    "{{queue}} {{channel}}",
                ),
            ),
            share=True,
            bad_below=0.8,
        ),
    ),
)

BOARD = Board(
    "frontdesk-service-today",
    "Frontdesk: Service today",
    "For the shift lead: who waits now, what was promised, how long it took. Requirements S1.1, S2.4, S2.7, S2.8, S3.1.",
    (NOW, PROMISES, WAITS, WORK),
    QUEUE_AND_CHANNEL,
    since="now/d",
)
