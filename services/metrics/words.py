"""A row of measures in plain words; what has no value is said to have none, for 0 would claim one."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from frontdesk.v1 import metrics_pb2

NONE = "no value yet"


def lines(row: metrics_pb2.KpiRow, *, leave_out: Collection[str] = ()) -> list[str]:
    """The row, one subject a line; subjects without anything counted, and those to leave out, are not told."""
    return [f"  {name:<14} {text}" for name, text in _subjects(row).items() if text and name not in leave_out]


def _subjects(row: metrics_pb2.KpiRow) -> dict[str, str]:
    level, name = _service_level(row)
    return {
        "contacts": f"{row.arrived:,} arrived, {row.offered:,} offered: {row.answered:,} answered, {row.abandoned:,} left "
        f"({row.abandoned_short:,} within 5 s), {row.called_back:,} called back",
        "waiting": f"{_seconds(row, 'average_speed_of_answer_seconds')} on average; {name} {level}"
        if row.answered_legs
        else "",
        "promises": _promises(row),
        "first contact": f"{_share(row, 'fcr', row.fcr_matured)} settled for good, "
        f"{_share(row, 'fcr_provisional', row.fcr_provisional_closed)} for now",
        "others needed": f"{_share(row, 'escalation', row.handled)} escalated, help {row.consults:,} times",
        "passed on": f"{_number(row, 'transfers_per_contact')} hops a contact, "
        f"{_share(row, 'chains_per_contact', row.handled)} twice or more",
        "authority": f"{_share(row, 'authority_gap', row.offers)} of offers fell short, a right was missing "
        f"{row.authority_shortfalls:,} times, {row.exceptions_granted:,} exceptions granted"
        if row.offers
        else "",
        "first answers": _answers(row),
        "satisfaction": f"{_share(row, 'satisfaction', row.survey_responses)} content; "
        f"{row.survey_responses:,} of {row.surveys_sent:,} surveys answered"
        if row.survey_responses or row.surveys_sent
        else "",
        "complaints": f"{row.complaints:,}, {row.complaints_public:,} in public" if row.complaints else "",
        "coming back": f"{row.repeats:,} repeats, {row.reattempts:,} tried again after they had left"
        if row.repeats or row.reattempts
        else "",
        "handling": f"{_seconds(row, 'mean_handle_seconds')} a contact" if row.handle_times else "",
        "the same?": f"waits vary by {_number(row, 'wait_variation')} times their mean"
        if row.HasField("wait_variation")
        else "",
        "people": f"{_percent(row.occupancy)} of the time busy" if row.HasField("occupancy") else "",
        "told in time": f"{row.updates_on_time:,} of {row.updates_due:,} updates" if row.updates_due else "",
        "mentions": f"{row.mentions:,}, {row.mentions_answered:,} answered" if row.mentions else "",
        "topics": _counts(row.topics),
        "messages": _counts(row.outbound),
    }


def _service_level(row: metrics_pb2.KpiRow) -> tuple[str, str]:
    for name, value in sorted(row.service_levels.items()):
        if name.endswith("_per_offered"):
            seconds = name.removeprefix("answered").removesuffix("_per_offered")
            return _percent(value), f"answered in {seconds} s, of offered:"
    return NONE, "service level:"


def _promises(row: metrics_pb2.KpiRow) -> str:
    parts = [
        f"{kind} {kept:,} kept, {broken:,} broken"
        for kind, kept, broken in (
            ("waits", row.promises_kept, row.promises_broken),
            ("answers within the day", row.answers_due_kept, row.answers_due_broken),
            ("call-backs", row.callbacks_kept, row.callbacks_broken),
        )
        if kept or broken
    ]
    return "; ".join(parts)


def _answers(row: metrics_pb2.KpiRow) -> str:
    if not row.first_responses_human:
        return f"{row.first_responses_ack:,} acknowledged" if row.first_responses_ack else ""
    mean = row.first_response_human_seconds_sum / row.first_responses_human
    return f"{row.first_responses_human:,} by a person after {mean / 3600:.1f} h on average"


def _counts(found: Mapping[str, int]) -> str:
    ordered = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{name} {number:,}" for name, number in ordered if number)


def _share(row: metrics_pb2.KpiRow, name: str, of: int) -> str:
    return f"{_percent(getattr(row, name))} of {of:,}" if row.HasField(name) else NONE


def _number(row: metrics_pb2.KpiRow, name: str) -> str:
    return f"{getattr(row, name):.2f}" if row.HasField(name) else NONE


def _seconds(row: metrics_pb2.KpiRow, name: str) -> str:
    return f"{getattr(row, name):.1f} s" if row.HasField(name) else NONE


def _percent(value: float) -> str:
    return f"{value:.1%}"


def compared_lines(row: metrics_pb2.BaselineRow) -> list[str]:
    """Each ratio now and before, those that are no chance marked."""
    return [
        f"  {one.ratio:<32} {one.now:>9.3f} now {one.baseline:>9.3f} before"
        + (f"   z {one.z:+.1f}" if one.HasField("z") else "")
        + ("   no chance" if one.HasField("z") and abs(one.z) > 3 else "")
        for one in row.deviations
    ]
