"""What stands now, and facts of the pipeline: names, types, labels and meaning of everything that is no KPI total."""

from __future__ import annotations

CONTACT_STATES = (
    "received",
    "queued",
    "offered",
    "assigned",
    "consulting",
    "awaiting_approval",
    "handing_over",
    "promised",
    "wrapping",
    "awaiting_customer",
)
"""Where an open contact stands (routing.md 1.1)."""

GAUGES: dict[str, tuple[tuple[str, ...], str]] = {
    "frontdesk_queue_depth": (
        ("channel", "queue"),
        "Contacts that wait now, ringing ones included.",
    ),
    "frontdesk_queue_oldest_wait_seconds": (
        ("channel", "queue"),
        "Age since arrival of the contact that waits longest; absent where nobody waits.",
    ),
    "frontdesk_unanswered_age_seconds": (
        ("channel", "queue"),
        "Age of the oldest open contact that had no answer at all, not even an acknowledgement; absent without any.",
    ),
    "frontdesk_contacts_open": (("state",), "Contacts that are open now, by where they stand."),
    "frontdesk_contacts_overdue": (
        ("state",),
        "Open contacts whose own timer has passed; above 0 for minutes means that something is stuck.",
    ),
    "frontdesk_updates_overdue": (
        (),
        "Messages to customers that are due for more than five minutes and were not sent.",
    ),
    "frontdesk_agents": (
        ("desk", "state"),
        "Agents at work now, each in one state; idle ones are available.",
    ),
    "frontdesk_desk_overloaded": (("desk",), "1 while the desk has more work than time, else 0."),
    "frontdesk_window_numerator": (
        ("queue", "kpi", "window"),
        "Numerator of the KPI over the window of event time that ends now, whole quarter hours and the one under way.",
    ),
    "frontdesk_window_denominator": (
        ("queue", "kpi", "window"),
        "Denominator of the KPI over the window of event time that ends now; the KPI is numerator / denominator.",
    ),
    "frontdesk_change_info": (
        ("desk", "change"),
        "1 for each of the newest 20 changes of the service that a desk has marked.",
    ),
}
"""Gauges of what stands now: labels beside `partition`, and meaning. A partition that is not owned has none."""

PIPELINE: dict[str, tuple[str, str]] = {
    "frontdesk_metrics_watermark_timestamp_seconds": (
        "gauge",
        "Newest decided_at folded, in seconds since the epoch; time() minus it is the age of every measure.",
    ),
    "frontdesk_metrics_heartbeat_timestamp_seconds": (
        "gauge",
        "Birth of the newest heartbeat folded; time() minus it is the age of the whole way from intake to here.",
    ),
    "frontdesk_stage_delay_seconds": (
        "gauge",
        "Time of the newest heartbeat in a stage: router = birth to decision, metrics = decision to being folded here.",
    ),
    "frontdesk_decisions_folded_total": (
        "counter",
        "Decision records read, by whether the chain accepted or rejected them.",
    ),
    "frontdesk_events_unknown_total": (
        "counter",
        "Events in accepted decisions of a kind unknown to this version; above 0 asks for an upgrade.",
    ),
    "frontdesk_events_duplicate_total": (
        "counter",
        "Decision records delivered again and skipped by this process.",
    ),
    "frontdesk_events_late_total": (
        "counter",
        "Decision records of an earlier instant than one folded before; 0 in a log of this router, whose time never goes back, "
        "else its order is broken. They count in the newest quarter hour.",
    ),
    "frontdesk_metrics_gaps_total": (
        "counter",
        "Times this process was given a record too early and went back for those before it.",
    ),
    "frontdesk_metrics_rebuilds_total": (
        "counter",
        "Partitions that this process folded again from the log's start because stored rows did not add up.",
    ),
    "frontdesk_table_recovery_remaining": (
        "gauge",
        "Changelog records that this process has still to read before it can go on.",
    ),
    "frontdesk_partitions_assigned": ("gauge", "Decision partitions that this process owns."),
    "frontdesk_partitions_ready": ("gauge", "Of these, those recovered and exported."),
    "frontdesk_queue_info": ("gauge", "1 for each queue in force, to join its desk."),
}
"""Pipeline facts: type and meaning. The first three carry `partition`, the rest are the process's own."""
