"""The report's tables as rows of text: the goals, and the policies of a world beside each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf, isinf, isnan

from simulator.goals import PRODUCTION, Verdict
from simulator.report import estimates
from simulator.report.estimates import Runs
from simulator.report.strained import SCENARIOS
from simulator.statistics import Estimate

NOT_MEASURED = "-"


@dataclass(frozen=True, slots=True)
class Column:
    """One figure of a table of policies."""

    name: str
    title: str
    meaning: str
    unit: str = ""


COLUMNS = (
    Column("asa_seconds", "ASA, s", "average speed of answer", "s"),
    Column("p90_seconds", "P90, s", "nine in ten calls are answered within", "s"),
    Column("within_target", "<= 40 s, %", "calls answered within 40 s, of those offered", "%"),
    Column("abandoned", "left, %", "calls that left before anybody answered", "%"),
    Column("fcr", "FCR, %", "resolved at first contact, of those offered", "%"),
    Column("first_agent", "first agent, %", "resolved by the first agent, of the answered", "%"),
    Column("transfers", "transfers", "hand-overs per answered contact"),
    Column("chains", ">= 2, %", "answered contacts handed over twice or more", "%"),
    Column("authority_calls", "authority, %", "answered contacts whose first agent lacked a right", "%"),
    Column("cost_cs", "cost, cs", "customer's waits and talk, and 1,200 for each not resolved"),
    Column("occupancy_sd", "sd occ.", "spread of the agents' occupancy"),
)
SCALES = {"%": 100.0, "points": 100.0}


def scaled(value: float, unit: str) -> float:
    return value * SCALES.get(unit, 1.0)


def number(value: float, unit: str = "", *, signed: bool = False) -> str:
    """With as many digits as mean something."""
    if isnan(value):
        return NOT_MEASURED
    shown = scaled(value, unit)
    if isinf(shown):
        return "inf"
    size = abs(shown)
    digits = 0 if size >= 100 else 1 if size >= 10 or unit == "s" else 2 if unit in SCALES or size >= 1 else 3
    if unit == "cs" and 0 < size < 0.001:
        return f"{shown:.0e}"
    text = f"{shown:+.{digits}f}" if signed else f"{shown:.{digits}f}"
    return text.replace("-0.00", "0.00") if float(text) == 0 else text


def with_interval(found: Estimate | None, unit: str = "", *, signed: bool = False) -> str:
    """For example "87.6 +- 0.6"; without the half-width where there is none."""
    if found is None:
        return NOT_MEASURED
    text = number(found.mean, unit, signed=signed)
    if isnan(found.half_width) or found.half_width < 1e-9 or text == NOT_MEASURED:
        return text
    return f"{text} +- {number(found.half_width, unit)}"


def bound(verdict: Verdict) -> str:
    """For example ">= 87.5 %"."""
    low, high = verdict.bounds
    unit = verdict.goal.unit
    suffix = f" {unit}" if unit else ""
    if low > -inf and high < inf:
        return f"{number(low, unit)} to {number(high, unit)}{suffix}"
    return f">= {number(low, unit)}{suffix}" if low > -inf else f"<= {number(high, unit)}{suffix}"


def outcome(verdict: Verdict) -> str:
    """ "met by 0.4", "missed by 1.2"; "(within the interval)" where the replications do not decide it."""
    if verdict.met is None:
        return "not measured"
    margin = number(abs(verdict.margin), verdict.goal.unit)
    if verdict.met and (isinf(verdict.margin) or abs(verdict.margin) < 1e-12):
        return "met"
    words = f"met by {margin}" if verdict.met else f"missed by {margin}"
    unsure = verdict.found is not None and verdict.found.half_width > 0 and not verdict.sure
    return f"{words}, within the interval" if unsure else words


GOAL_HEADS = ("goal", "world", "measured", "goal is", "")


def goal_rows(verdicts: Iterable[Verdict]) -> list[tuple[str, ...]]:
    """A goal's words stand in its first row only."""
    rows: list[tuple[str, ...]] = []
    said = ""
    for verdict in verdicts:
        goal = verdict.goal
        rows.append(
            (
                "" if said == goal.goal_id else goal.text,
                "" if goal.kind == "checks" else verdict.world,
                with_interval(verdict.found, goal.unit, signed=goal.unit == "points"),
                bound(verdict),
                outcome(verdict) + (f" (over {verdict.against})" if verdict.against else ""),
            )
        )
        said = goal.goal_id
    return rows


def policy_rows(
    runs: Runs, world: str, policies: Sequence[str], columns: Sequence[Column] = COLUMNS
) -> list[tuple[str, ...]]:
    """Means with half-widths, a row per policy that was run."""
    return [
        (
            policy,
            *(
                with_interval(estimates.level(runs, world, policy, column.name), column.unit)
                for column in columns
            ),
        )
        for policy in policies
        if runs.get((world, policy))
    ]


def difference_rows(
    runs: Runs, world: str, policy: str, others: Sequence[str], columns: Sequence[Column] = COLUMNS
) -> list[tuple[str, ...]]:
    """Of `policy` minus each other, paired."""
    return [
        (
            f"{policy} minus {other}",
            *(
                with_interval(
                    estimates.difference(runs, world, policy, other, column.name), column.unit, signed=True
                )
                for column in columns
            ),
        )
        for other in others
        if runs.get((world, policy)) and runs.get((world, other))
    ]


STRESS_OTHER = "longest-idle + owner"


def stress_rows(runs: Runs) -> list[tuple[str, ...]]:
    """Production on each stressed day, and what it gains over STRESS_OTHER."""
    rows: list[tuple[str, ...]] = []
    for scenario in SCENARIOS:
        world = f"D, {scenario}"
        for _, *cells in policy_rows(runs, world, [PRODUCTION]):
            rows.append((scenario, *cells))
        for _, *cells in difference_rows(runs, world, PRODUCTION, [STRESS_OTHER]):
            rows.append((f"minus {STRESS_OTHER}", *cells))
    return rows


POLICY_HEADS = ("", *(column.title for column in COLUMNS))


def text(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns under their heads, the first to the left, the others to the right."""
    lines = [tuple(heads), *map(tuple, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def goal_text(verdicts: Sequence[Verdict]) -> str:
    """The goals, kind by kind, and how many are met."""
    rows, parts = goal_rows(verdicts), []
    widths = [max(len(row[column]) for row in [GOAL_HEADS, *rows]) for column in range(len(GOAL_HEADS))]
    kind = ""
    for verdict, row in zip(verdicts, rows, strict=True):
        if verdict.goal.kind != kind:
            kind = verdict.goal.kind
            parts += ["", kind.upper()]
        parts.append("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return "\n".join([*parts[1:], "", summary(verdicts)])


def summary(verdicts: Sequence[Verdict]) -> str:
    met = sum(verdict.met is True for verdict in verdicts)
    missed = sum(verdict.met is False for verdict in verdicts)
    unknown = len(verdicts) - met - missed
    return f"{met} met, {missed} missed" + (f", {unknown} not measured" if unknown else "")


def markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of GitHub's kind."""
    lines = [list(heads), ["---"] * len(heads), *map(list, rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
